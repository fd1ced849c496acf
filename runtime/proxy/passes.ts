// What the proxy asks of a run: may this request of an agent be sent, and what became of it.

/** One request that an attempt's agent wants to send. */
export interface PassAsked {
  readonly n: number;
  readonly a: number;
  /** By which it is held. */
  readonly limit: string;
  /** What it is thought to take of it, by unit. */
  readonly amounts: Readonly<Record<string, number>>;
  /** It is not to be sent any more. */
  readonly stop: AbortSignal;
  /** Told once, by what it is held. */
  held(by: string): void;
}

/** It may be sent now, and counts. */
export interface Passed {
  /** It has reached the API: not before that its time begins to run. */
  arrived(): void;
  /** What it really takes, as far as that is known. */
  corrected(amounts: Readonly<Record<string, number>>): void;
  /** It is over; null: it was never sent. */
  end(amounts: Readonly<Record<string, number>> | null): void;
}
