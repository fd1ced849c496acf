// A run cannot be gone on with as asked; nothing of it was changed.

/** The run cannot be gone on with as asked. Exit 2. */
export class ResumeRefused extends Error {
  readonly run: string;
  readonly hint: string;
  /** Tasks, flows and types whose text differs. */
  readonly changed: readonly string[];
  /** Nodes that would run again only if that was said. */
  readonly again: readonly string[];
  constructor(
    run: string,
    message: string,
    hint: string,
    {
      changed = [],
      again = [],
    }: { readonly changed?: readonly string[]; readonly again?: readonly string[] } = {},
  ) {
    super(message);
    this.run = run;
    this.hint = hint;
    this.changed = changed;
    this.again = again;
  }
}
