import { defineConfig } from "vitest/config";
import { workerUrls } from "./.tools/worker-urls.mjs";

const project = (name: string, include: string[], testTimeout: number) => ({
  extends: true as const,
  test: { name, include, testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  plugins: [workerUrls("built")],
  test: {
    pool: "forks",
    maxWorkers: 2,
    environment: "node",
    projects: [
      project(
        "unit",
        ["test/*.test.ts", "test/{engine,renderer,electron,native}/**/*.test.{ts,tsx}"],
        20_000,
      ),
      project("property", ["test/property/**/*.test.ts"], 120_000),
      project("fault", ["test/fault/**/*.test.ts"], 300_000),
      project("cli", ["test/cli/**/*.test.ts"], 60_000),
      project("gpu", ["test/gpu/**/*.test.ts"], 120_000),
    ],
  },
});
