// The values that go between the flow and its modules; the same types stand in `steps.flow`.

/** A file as a flow hands it over: `path` is where its content can be read. */
export interface FileValue {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Package {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string | null;
  readonly optional: boolean;
  readonly platform: string | null;
  readonly install_script: boolean;
  readonly needs: readonly string[];
}

export type Kind = "dependency" | "optional" | "peer";

export interface Circle {
  readonly packages: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly kind: Kind;
}

export interface Skipped {
  readonly key: string;
  readonly why: string;
}

export interface Lock {
  readonly project: string;
  readonly packages: readonly Package[];
  readonly skipped: readonly Skipped[];
  readonly circles: readonly Circle[];
  readonly unmet: readonly string[];
}

export interface Finding {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly optional: boolean;
  readonly promise: "kept" | "broken" | "unpromised";
  readonly checksum: string;
  readonly licence: string | null;
  readonly tarball: number;
  readonly unpacked: number;
  readonly files: number;
  readonly install_scripts: readonly string[];
  readonly escapes: readonly string[];
  readonly notes: readonly string[];
  readonly first_go: boolean;
}

export interface Summary {
  readonly project: string;
  readonly packages: number;
  readonly audited: number;
  readonly missing: readonly string[];
  readonly broken: readonly string[];
  readonly unpromised: readonly string[];
  readonly in_vain: readonly string[];
  readonly install_scripts: readonly string[];
  readonly escapes: readonly string[];
  readonly licences: Readonly<Record<string, number>>;
  readonly tarballs: number;
  readonly unpacked: number;
  readonly files: number;
  readonly skipped: number;
  readonly circles: number;
}
