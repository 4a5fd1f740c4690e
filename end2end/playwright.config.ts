// The dashboard's tests: a browser against the real executable.

import { defineConfig } from "@playwright/test";
import { launchOptions } from "./support/browser.mjs";

export default defineConfig({
  testDir: "dashboard",
  outputDir: "test-results",
  // One gateway and one browser at a time: the machine is small, and the order of requests is part of what is looked at.
  workers: 1,
  timeout: 60_000,
  // A machine that does other things may be late once; what passes only then is reported as flaky.
  retries: process.env.CI ? 1 : 0,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    screenshot: "only-on-failure",
    // Recording one for every test takes time that a first attempt in CI can do without.
    trace: process.env.CI ? "on-first-retry" : "retain-on-failure",
    launchOptions,
  },
});
