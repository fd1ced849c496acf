// What an agent is told besides its prompt: that it goes on after a break, and what was wrong with its answer.

/** The first words of an attempt that goes on in a session of the same node. */
export function afterBreak(prompt: string, before: string | null): string {
  const why = before === null ? "" : `\n\nHow it ended: ${before}`;
  return `You were interrupted before you had finished, or what you gave could not be used.${why}

Go on where you were. Look at what is there already before you do anything again. This is the task, once more:

${prompt}`;
}

/** `prompt`: what it was asked, for one that may not remember; null: it does. */
export function goBack(problem: string, prompt: string | null): string {
  const whole = `${problem}

Do not do the work again. Give your whole answer once more, corrected, as it was asked for.`;
  return prompt === null ? whole : `${whole} This is what you were asked:\n\n${prompt}`;
}
