// How the tests run: every `test/**/*.test.ts`, files side by side on two workers, BLESS=1 rewrites expected files.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A skipped or focused test, or a file without one, must not look green.
    allowOnly: false,
    passWithNoTests: false,
    sequence: { hooks: "stack" },
  },
});
