// Settings that agents of several kinds have, as their schemas say them.

/** `example`: a name. */
export function modelSetting(example: string) {
  return {
    type: "string",
    minLength: 1,
    description: "Of its own choice, if not said.",
    examples: [example],
  };
}

/** `when`: what it is, beside the agent's own instructions. */
export function roleSetting(when: string) {
  const examples = ["You review code. You never change it."];
  return { type: "string", minLength: 1, description: when, examples };
}

/** `what` stands there, `usual` says where else it does. */
export function homeSetting(what: string, usual: string, example: string) {
  const description = `${what}: an absolute path, as the agent sees it. ${usual} by default.`;
  return { type: "string", minLength: 1, description, examples: [example] };
}

export function pathSetting(program: string) {
  const examples = [`/opt/${program}/bin/${program}`];
  return { type: "string", minLength: 1, default: program, description: "Its program.", examples };
}

/** The program's package, and how else it is found. */
export function installedBy(name: string, of: string): string {
  return `It is ${name}: \`npm install -g ${of}\` installs it; \`path\` of the agent names it where it is not on the PATH.`;
}
