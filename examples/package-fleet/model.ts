// The values that go between the flow and its modules; the same types stand in `steps.flow`.

/** A file as a flow hands it over: `path` is where its content can be read. */
export interface FileValue {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export const complexities = ["trivial", "small", "medium", "large"] as const;
export type Complexity = (typeof complexities)[number];

export interface Package {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  /** A week. */
  readonly downloads: number;
  readonly categories: readonly string[];
  readonly complexity: Complexity;
  /** Seconds. */
  readonly estimate: number;
  /** Keys. */
  readonly needs: readonly string[];
}

export interface Built {
  readonly key: string;
  readonly id: string;
  readonly platform: string;
  readonly library: FileValue;
  /** Seconds. */
  readonly took: number;
  readonly tested: Tested;
}

export interface Tested {
  readonly toolchain: string;
  readonly tests: number;
  /** Hundredths. */
  readonly coverage: number;
}

export interface Summary {
  readonly packages: number;
  readonly planned: number;
  readonly built: number;
  readonly failed: readonly string[];
  readonly skipped: number;
  readonly tests: number;
  readonly coverage: number;
  /** Seconds. */
  readonly took: number;
  readonly artifacts: number;
}
