import path from "node:path";
import { defineConfig } from "vitest/config";

// Two browsers with their hosts are what a machine with two cores bears; more would only make all of them wait.
export default defineConfig({
  root: path.dirname(import.meta.dirname),
  test: {
    include: ["e2e/*.e2e.ts"],
    environment: "node",
    globalSetup: ["e2e/harness/artifacts.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    reporters: ["verbose"],
  },
});
