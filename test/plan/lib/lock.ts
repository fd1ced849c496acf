// A module that a flow calls, for the goldens of plans.

export function read_lock(_: { readonly path: unknown }): readonly { name: string; version: string }[] {
  return [];
}
