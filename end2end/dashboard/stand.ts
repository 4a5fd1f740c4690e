// What the dashboard's tests share: a gateway with an upstream, a page that notices what no page of the dashboard may do
// (errors in the console, requests to elsewhere), and the sign-in.

import AxeBuilder from "@axe-core/playwright";
import { type Page, expect, test as base } from "@playwright/test";
import { ADMIN_TOKEN, type Gateway, startGateway } from "../support/gateway.mjs";
import { type Upstream, startUpstream } from "../support/upstream.mjs";

type Shared = { upstream: Upstream; gateway: Gateway };

export const test = base.extend<{ page: Page; forgiven: RegExp | null }, Shared>({
  // What a test does on purpose, and the browser complains of: its words.
  forgiven: [null, { option: true }],
  upstream: [
    async ({}, use) => {
      const upstream = await startUpstream();
      await use(upstream);
      await upstream.stop();
    },
    { scope: "worker" },
  ],
  gateway: [
    async ({}, use) => {
      const gateway = await startGateway();
      await use(gateway);
      await gateway.stop();
    },
    { scope: "worker" },
  ],
  page: async ({ page, gateway, forgiven }, use) => {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      // A refused sign-in, the look for a session, and what is refused of a form (409, 422) are answers that the browser
      // reports as failed requests.
      const refusal = message.location().url.includes("/admin/rpc/") || / (409|422) /.test(message.text());
      const expected = refusal || forgiven?.test(message.text());
      if (message.type() === "error" && !expected) complaints.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(gateway.url)) complaints.push(`request to ${request.url()}`);
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
});

export { expect };

/** For files whose gateway must not know of the other files' calls: each names itself with `test.use({ file })`. */
export const alone = test.extend<object, Shared & { file: string }>({
  file: ["", { scope: "worker", option: true }],
  gateway: [
    async ({ file }, use) => {
      expect(file, "the file names itself with test.use({ file })").not.toBe("");
      const gateway = await startGateway();
      await use(gateway);
      await gateway.stop();
    },
    { scope: "worker" },
  ],
});

/** The pages of the dashboard: their heading, which is also their word in the navigation, and their address. */
export const PAGES = [
  { word: "Overview", heading: "Overview", path: "" },
  { word: "Keys", heading: "API keys", path: "/keys" },
  { word: "Routes", heading: "Routes", path: "/routes" },
  { word: "Requests", heading: "Requests", path: "/requests" },
  { word: "Statistics", heading: "Statistics", path: "/statistics" },
  { word: "Playground", heading: "Playground", path: "/playground" },
  { word: "Changes", heading: "Changes", path: "/changes" },
  { word: "Settings", heading: "Settings", path: "/settings" },
];

/** Opens the dashboard at `path` and signs in there. */
export async function signIn(page: Page, gateway: Gateway, path = "", token = ADMIN_TOKEN) {
  await page.goto(`${gateway.url}/admin/dashboard${path}`);
  await page.getByLabel("Admin token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Fails with what axe found: rule, element, and how to repair it. */
export async function expectAccessible(page: Page) {
  // What still moves is measured in between.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
  expect(found).toEqual([]);
}
