// How the loop takes breath between two turns.

/** Lets what waits on the thread (ends of processes, signals) be heard. */
export function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
