// The dashboard's tests: Debian's Chromium (or the one that CHROMIUM names) against the real executable.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "dashboard",
  outputDir: "test-results",
  // One gateway and one browser at a time: the machine is small, and the order of requests is part of what is looked at.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    screenshot: "on",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
