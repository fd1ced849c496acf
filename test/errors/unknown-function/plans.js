// What a flow calls by name.
export function read_plan() {
  return "plan";
}
