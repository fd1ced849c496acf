// The E2B runner: an instance is a sandbox, through the official SDK.

import { randomUUID } from "node:crypto";
import { Sandbox, Template } from "@e2b/code-interpreter";
import type {
  Instance,
  InstanceRef,
  InstanceSpec,
  NoInstance,
  Runner,
  RunnerSettings,
} from "../runtime/runner.ts";
import { Box, type BoxTimes } from "./e2b-box.ts";
import { e2bKind } from "./e2b-kind.ts";
import { messageOf, noKey, problemOf, statusOf } from "./e2b-problems.ts";
import { type Account, type E2bSettings, settingsOf, whereOf } from "./e2b-settings.ts";
import { Copies, copiedWorkspace } from "./e2b-workspace.ts";

export interface E2bOptions extends BoxTimes {
  /** Where a key may stand: `E2B_API_KEY`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const usual: BoxTimes = { graceMs: 5_000, quietMs: 60_000, patienceMs: 120_000 };

/** Makes the runner of kind `e2b`. */
export function e2bRunner(asked: Partial<E2bOptions> = {}): Runner {
  const runner = new E2bRunner({ ...usual, env: process.env, ...asked });
  return {
    ...e2bKind,
    computesHere: false,
    quota: (settings) => {
      runner.accountOf(settingsOf(settings, runner.options.env));
      return e2bKind.quota(settings);
    },
    open: (spec) => runner.open(spec),
    find: (run, except, settings) => runner.find(run, except, settings),
    end: (refs, { isOurs = () => true } = {}) => runner.end(refs, isOurs),
    identity: async (settings) => runner.identity(settingsOf(settings, runner.options.env)),
  };
}

/** \`flowc plan\` asks too, and somebody waits for it. */
const identityMs = 10_000;

/** What a sandbox is found again by. */
const runKey = "flowc_run";

class E2bRunner {
  readonly options: E2bOptions;
  /** That are open in this process. */
  private readonly own = new Map<InstanceRef, Box>();
  /** That settings have named: what was left behind is looked for in each. */
  private readonly accounts = new Map<string, Account>();
  /** Where somebody has answered already. */
  private readonly reached = new Set<string>();
  /** Whose the sandboxes are that were found. */
  private readonly found = new Map<InstanceRef, Account>();

  constructor(options: E2bOptions) {
    this.options = options;
  }

  accountOf({ account }: E2bSettings): Account {
    if (account.apiKey !== "") this.accounts.set(JSON.stringify(account), account);
    return account;
  }

  async open(spec: InstanceSpec): Promise<Instance | NoInstance> {
    const settings = settingsOf(spec.settings, this.options.env);
    if (this.accountOf(settings).apiKey === "") return noKey;
    if (spec.isOurs?.() === false) return { problem: "lost", message: "Another flowc has the run now." };
    const made = await this.made(spec, settings);
    if ("problem" in made) return made;
    const { graceMs, quietMs, patienceMs } = this.options;
    const { template, lifeMs, user } = settings;
    const times = { graceMs, quietMs, patienceMs };
    const isOurs = () => spec.isOurs?.() ?? true;
    const box = new Box({ ...times, sandbox: made, template, lifeMs, user, isOurs });
    this.own.set(box.ref, box);
    const copies = new Copies(box, spec.tell);
    return {
      ref: box.ref,
      workspace: (of) => copiedWorkspace(copies, spec, of),
      isWell: () => box.isWell(),
      close: async () => {
        this.own.delete(box.ref);
        await box.close();
      },
    };
  }

  async find(
    run: string,
    except?: ReadonlySet<InstanceRef>,
    settings: readonly RunnerSettings[] = [],
  ): Promise<readonly InstanceRef[]> {
    // Where nobody says which account, it is those that have been named, or that of the environment.
    const asked = settings.length === 0 && this.accounts.size === 0 ? [{}] : settings;
    for (const each of asked) this.accountOf(settingsOf(each, this.options.env));
    const accounts = this.accounts.values();
    const refs: InstanceRef[] = [];
    for (const account of accounts)
      for (const ref of await leftBy(account, run)) {
        this.found.set(ref, account);
        if (except?.has(ref) !== true) refs.push(ref);
      }
    return [...new Set(refs)].sort();
  }

  async end(refs: readonly InstanceRef[], isOurs: () => boolean): Promise<void> {
    await Promise.all(
      refs.map(async (ref) => {
        if (!isOurs()) return;
        const own = this.own.get(ref);
        this.own.delete(ref);
        if (own !== undefined) return own.close();
        const account = this.found.get(ref);
        if (account !== undefined) await Sandbox.kill(ref, account);
        else await this.endUnknown(ref);
      }),
    );
  }

  /** By the build that the template's name means now; of one that belongs to others only the name is known. */
  async identity({ template, account }: E2bSettings): Promise<string> {
    const [name = "", tag = "default"] = template.split(":");
    const known = `e2b ${account.domain ?? account.apiUrl ?? "e2b.app"} ${template}`;
    if (account.apiKey === "") throw new Error(noKey.message);
    const soon = { ...account, requestTimeoutMs: identityMs };
    const tags = await Template.getTags(name, soon).catch((error: unknown) => {
      if ([403, 404].includes(statusOf(error))) return [];
      throw error;
    });
    const build = tags.find((each) => each.tag === tag)?.buildId;
    return build === undefined ? known : `${known} ${build}`;
  }

  private async endUnknown(ref: InstanceRef): Promise<void> {
    for (const account of this.accounts.values()) {
      const info = await Sandbox.getInfo(ref, account).catch(() => null);
      if (info?.metadata[runKey] !== undefined) await Sandbox.kill(ref, account);
    }
  }

  private async made({ tag, project }: InstanceSpec, settings: E2bSettings): Promise<Sandbox | NoInstance> {
    const { template, account, lifeMs, internet } = settings;
    // One of each: a creation whose answer was lost is found by it.
    const token = randomUUID();
    const metadata = {
      [runKey]: tag.run,
      flowc_node: String(tag.node),
      flowc_attempt: String(tag.attempt),
      flowc_project: project,
      flowc_token: token,
    };
    try {
      const sandbox = await Sandbox.create(template, {
        ...account,
        metadata,
        timeoutMs: lifeMs,
        ...(internet ? {} : { allowInternetAccess: false }),
        // Who asks for it waits, and may be told to stop.
        retries: 0,
      });
      this.reached.add(whereOf(account));
      return sandbox;
    } catch (error) {
      const problem = problemOf(error, settings, this.reached.has(whereOf(account)));
      if (problem !== null && problem.problem !== "lost") return problem;
      const taken = await taking(account, token, lifeMs);
      if (taken !== null) return taken;
      const message = `E2B did not answer at ${whereOf(account)}: ${messageOf(error)}`;
      return problem ?? { problem: "lost", message };
    }
  }
}

/** The sandbox that was made although nobody said so; null: there is none, or it cannot be had. */
async function taking(account: Account, token: string, lifeMs: number): Promise<Sandbox | null> {
  try {
    const [id] = await listed(account, { flowc_token: token });
    return id === undefined ? null : await Sandbox.connect(id, { ...account, timeoutMs: lifeMs });
  } catch {
    // It ends with its life, or is found by its run.
    return null;
  }
}

/** Rejects when that cannot be known: what is there then ends with its life. */
async function leftBy(account: Account, run: string): Promise<readonly string[]> {
  try {
    return await listed(account, { [runKey]: run });
  } catch (error) {
    throw new Error(`E2B did not answer at ${whereOf(account)}: ${messageOf(error)}`);
  }
}

async function listed(
  account: Account,
  metadata: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const refs: string[] = [];
  const pages = Sandbox.list({ ...account, query: { metadata: { ...metadata } } });
  while (pages.hasNext) refs.push(...(await pages.nextItems()).map(({ sandboxId }) => sandboxId));
  return refs;
}
