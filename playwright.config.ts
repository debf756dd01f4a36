import { defineConfig } from "@playwright/test";
import { findChromium } from "./.tools/chromium.mjs";

const executablePath = findChromium();
const isRoot = process.getuid?.() === 0;

/** The Studio as a person meets it: the built command serves it, a real Chromium shows it. `npm test` sees to both. */
export default defineConfig({
  testDir: "test/e2e",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    launchOptions: {
      // Chromium's own sandbox does not start for root.
      args: isRoot ? ["--no-sandbox"] : [],
      ...(executablePath === undefined ? {} : { executablePath }),
    },
  },
  projects: [
    { name: "studio", testIgnore: "**/desktop.spec.ts" },
    // The desktop window, wherever Electron's program is found; elsewhere skipped with the reason.
    { name: "desktop", testMatch: "**/desktop.spec.ts" },
  ],
});
