// A runner for flowc whose instances are fresh copies of a directory: what commands change there, the project never sees.

import { constants } from "node:fs";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cookieOf, localRunner } from "flowc/runner";

/** @typedef {import("flowc/runner").Runner} Runner */

const settingsSchema = {
  type: "object",
  properties: {
    from: {
      type: "string",
      minLength: 1,
      description: "The directory to copy, relative to the project; the project itself if not said.",
      examples: ["templates/app"],
    },
    without: {
      type: "array",
      items: { type: "string", minLength: 1 },
      description: "Names at the top of it that are left out.",
      examples: [["node_modules"]],
    },
  },
  additionalProperties: false,
};

/**
 * Copying is all that is new here: commands run as those of the kind `local` do. Its runs are called otherwise, so that what
 * they left behind is not taken for what `local` left, or the other way round.
 */
const ours = (run) => `copy-${run}`;
const marked = (tag) => ({ ...tag, run: ours(tag.run) });

/** @type {(options?: { readonly graceMs?: number }) => Runner} */
export function copyRunner(options = {}) {
  const local = localRunner(options);
  return {
    kind: "copy",
    settingsSchema,
    computesHere: true,
    quota: () => ({ instances: null, perSecond: null }),
    find: (run, except) => local.find(ours(run), except),
    end: (refs, how) => local.end(refs, how),
    identity: async ({ from = ".", without = [] }) =>
      `${await local.identity({})} copy of ${JSON.stringify([from, without])}`,
    open: async (spec) => {
      const { from = ".", without = [] } = spec.settings;
      const source = resolve(spec.project, from);
      const copy = join(spec.folder, `copy-${cookieOf(spec.tag)}`);
      const problem = await copied(source, copy, [".flowc", ...without]);
      if (problem !== null) return problem;
      const instance = await local.open({ ...spec, tag: marked(spec.tag), project: copy, settings: {} });
      if ("problem" in instance) return instance;
      return {
        ...instance,
        workspace: (of) => instance.workspace({ ...of, tag: marked(of.tag) }),
        close: async () => {
          await instance.close();
          await rm(copy, { recursive: true, force: true });
        },
      };
    },
  };
}

/** Null, or why there is no copy. Where the disk can share blocks, it costs next to nothing. */
async function copied(source, copy, without) {
  let names;
  try {
    names = await readdir(source);
  } catch (error) {
    return { problem: "refused", message: `There is no directory ${source}: ${error.code}.` };
  }
  try {
    await mkdir(copy, { recursive: true });
    for (const name of names)
      if (!without.includes(name))
        await cp(join(source, name), join(copy, name), {
          recursive: true,
          verbatimSymlinks: true,
          mode: constants.COPYFILE_FICLONE,
        });
    return null;
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    return { problem: "lost", message: `${source} could not be copied: ${error.message}.` };
  }
}

export const runner = copyRunner();
