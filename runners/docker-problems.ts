// What a Docker engine's refusals mean for a run, and what a person can do about them.

import type { NoInstance } from "../runtime/runner.ts";

/** No container can be had: an answer, not a mistake of ours. */
export class Unavailable extends Error {
  readonly problem: NoInstance["problem"];

  constructor(problem: NoInstance["problem"], message: string) {
    super(message);
    this.problem = problem;
  }
}

export const noAnswer = "there is no answer";

/** Without what the client puts around the engine's own words. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && error.name === "AbortError") return noAnswer;
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^\(HTTP code \d+\) [^-]*- /, "")
    .replace(/^Error response from daemon: /, "")
    .trim();
}

/** The engine's number for what it says; 0: it said nothing. */
export function statusOf(error: unknown): number {
  return error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 0;
}

interface Asked {
  readonly where: string;
  readonly image: string;
  /** Has this engine answered before? */
  readonly known: boolean;
}

/** Why a container cannot be had. */
export function problemOf(error: unknown, asked: Asked): NoInstance {
  const message = messageOf(error);
  const status = statusOf(error);
  if (
    /exec sh failed: No such file|executable file not found|exec: "?sh"?|stat sh: no such file|no such file or directory: unknown/.test(
      message,
    )
  )
    return refused(
      `The image \`${asked.image}\` has no shell (\`sh\`), which flowc needs there to start commands. Take an image with one.`,
    );
  if (error instanceof Unavailable) return { problem: error.problem, message: error.message };
  if (status === 0) return unreachable(error, message, asked);
  if (
    /bind source path does not exist|mounts denied|not shared from the host|path is not shared/i.test(message)
  )
    return refused(
      `The Docker engine at ${asked.where} does not see this machine's files (${message}). Say \`copy: true\` in the runner's settings: the project is then copied into each container.`,
    );
  if (status === 400 || status === 404 || status === 403 || /unable to find (user|group)/.test(message))
    return refused(`Docker refuses a container of \`${asked.image}\`: ${message}`);
  return { problem: "lost", message: `Docker could not start a container of \`${asked.image}\`: ${message}` };
}

function unreachable(error: unknown, message: string, { where, known }: Asked): NoInstance {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EACCES" || code === "EPERM")
    return refused(
      `You may not use the Docker engine at ${where}. Become a member of its group, then log in again: sudo usermod -aG docker "$USER"`,
    );
  if (known)
    return { problem: "lost", message: `The Docker engine at ${where} does not answer any more: ${message}` };
  if (/certificate|self.signed|TLS|SSL|EPROTO|alert/i.test(`${code} ${message}`))
    return refused(
      `The Docker engine at ${where} cannot be trusted, or does not trust us: ${message}\nIts certificates are looked for in the folder DOCKER_CERT_PATH: ca.pem, cert.pem, key.pem.`,
    );
  return refused(
    `No Docker engine answers at ${where}: ${message}\nStart it, or say where one is: export DOCKER_HOST=unix:///path/to/docker.sock`,
  );
}

function refused(message: string): NoInstance {
  return { problem: "refused", message };
}

const noNetwork =
  /could ?n[o']t resolve|name resolution|name or service not known|unknown host|no such host|bad address|ENOTFOUND|EAI_AGAIN|network is unreachable|unable to resolve|no address associated|temporary failure resolving/i;

/** What a container may not, or has little of. */
export interface Bounds {
  readonly network: boolean;
  readonly readOnly: boolean;
  readonly pids: number | null;
  readonly tmpBytes: number | null;
  /** Its files are on the engine's disk, not on this machine's. */
  readonly copied: boolean;
}

/** What the container's own limits may have to do with a failure; null: nothing that is seen in what was printed last. */
export function hintOf(
  lastWords: string,
  { network, readOnly, pids, tmpBytes, copied }: Bounds,
): string | null {
  if (!network && noNetwork.test(lastWords))
    return "Its container has no network: if it needs one, say `network: true` in the runner's settings.";
  if (readOnly && /read-only file ?system|EROFS/i.test(lastWords))
    return "Its container's own files are read-only: write below $TMPDIR or /tmp, or say `read_only: false` in the runner's settings.";
  if (pids !== null && /resource temporarily unavailable|EAGAIN|can.?t fork|fork failed/i.test(lastWords))
    return `Its container may have ${pids} processes and threads: say more with \`pids: …\` in the runner's settings.`;
  const isFull = /no space left on device|ENOSPC/i.test(lastWords);
  if (isFull && copied)
    return "There is no room left: its /tmp is in memory, all else on the engine's disk. See what takes that: docker system df";
  if (isFull && tmpBytes !== null)
    return "Its container's /tmp has a bound: write large files below $TMPDIR, or say more with `tmp_size: …` in the runner's settings.";
  return null;
}
