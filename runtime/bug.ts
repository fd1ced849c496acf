// A Bug is flowc's own mistake: a broken invariant. It is caught once, at the rim, and never on the way there.

/** flowc is wrong, not the program or the machine. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Throws a {@link Bug} unless the condition holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}
