// Two functions that tasks of `sensors.flow` call: plain TypeScript, it knows nothing of flowc.

interface Reading {
  readonly place: string;
  readonly celsius: number;
}

export async function readSensors({ places }: { places: readonly string[] }): Promise<Reading[]> {
  // A real one would ask a device; the answer here depends on the name alone, so that every run gives the same.
  return places.map((place, index) => ({ place, celsius: 8 + place.length * index }));
}

export function summarize({ readings }: { readings: readonly Reading[] }): {
  mean: number;
  warmest: Reading | null;
} {
  const total = readings.reduce((sum, reading) => sum + reading.celsius, 0);
  const warmest = readings.reduce<Reading | null>(
    (best, reading) => (best === null || reading.celsius > best.celsius ? reading : best),
    null,
  );
  return { mean: readings.length === 0 ? 0 : total / readings.length, warmest };
}
