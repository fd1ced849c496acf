// What a program is told when flowc cannot do what it asked: one error, with what people would have read.

import { PackageFailed } from "../runners/registry-packages.ts";
import { ArtifactError } from "../runtime/artifacts.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { LeaseLost, RunHeld } from "../runtime/lease.ts";
import { renderDiagnostic } from "./render/diagnostic.ts";
import { exits, Stop } from "./stop.ts";
import { asJson } from "./tell.ts";

/** A place in a file: lines and columns from 1, columns in UTF-16 units, the end exclusive. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly end_line: number;
  readonly end_column: number;
}

/** A mistake or a warning, as in `flowc check --format json`. */
export interface Diagnostic extends Place {
  /** `flowc explain CODE` tells why. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly title: string;
  /** What is wrong at this place. */
  readonly label: string;
  readonly hint: string | null;
  readonly related: readonly (Place & { readonly file: string; readonly label: string })[];
  readonly fix: {
    readonly title: string;
    readonly edits: readonly (Place & { readonly text: string })[];
  } | null;
}

/** Why flowc did not do what was asked. A run that fails is none: that is a result. */
export class FlowError extends Error {
  override readonly name = "FlowError";
  /**
   * `flow`: the file is wrong, as `diagnostics` say. `request`: what was asked does not fit: an input, a name, a run that
   * is not there. `refused`: it cannot be answered any more, or not yet. `state`: the journal, the disk, or another flowc
   * that has the run.
   */
  readonly kind: "flow" | "request" | "refused" | "state";
  /** Of `flow`: all that was found, warnings too. */
  readonly diagnostics: readonly Diagnostic[];
  /** What one would type next on a command line; null: nothing. */
  readonly next: string | null;

  constructor(
    kind: FlowError["kind"],
    message: string,
    more: {
      readonly diagnostics?: readonly Diagnostic[];
      readonly next?: string | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.kind = kind;
    this.diagnostics = more.diagnostics ?? [];
    this.next = more.next ?? null;
  }
}

/** What was thrown, as programs get it; what is a bug of flowc stays as it is. */
export function flowErrorOf(error: unknown): unknown {
  if (error instanceof Stop) {
    const { diagnostics, exit, message, next } = error;
    if (diagnostics.length > 0) {
      const wrong = diagnostics.filter((one) => one.severity === "error");
      const text = wrong.map((one) => renderDiagnostic(one, { color: false })).join("\n\n");
      return new FlowError("flow", text, { diagnostics: diagnostics.map(asJson), next });
    }
    return new FlowError(exit === exits.failed ? "refused" : "request", message, { next });
  }
  if (error instanceof JournalError || error instanceof RunHeld || error instanceof LeaseLost)
    return new FlowError("state", `${error.message}\n${error.hint}`, { cause: error });
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const disk = /^E[A-Z]+$/.test(code) && error instanceof Error;
  if (error instanceof ArtifactError || error instanceof PackageFailed || disk)
    return new FlowError("state", error.message, { cause: error });
  return error;
}
