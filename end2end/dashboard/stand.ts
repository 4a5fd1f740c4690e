// What the dashboard's tests share: a gateway with an upstream, a page that notices what no page of the dashboard may do
// (errors in the console, requests to elsewhere), and the sign-in.

import { type Page, expect, test as base } from "@playwright/test";
import { ADMIN_TOKEN, type Gateway, startGateway } from "../support/gateway.mjs";
import { type Upstream, startUpstream } from "../support/upstream.mjs";

type Shared = { upstream: Upstream; gateway: Gateway };

export const test = base.extend<{ page: Page }, Shared>({
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
  page: async ({ page, gateway }, use) => {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      // A refused sign-in and the look for a session are answers that the browser reports as failed requests.
      const expected = message.location().url.includes("/admin/rpc/");
      if (message.type() === "error" && !expected) complaints.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(gateway.url)) complaints.push(`request to ${request.url()}`);
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
});

export { expect };

/** The pages of the dashboard: their heading, which is also their word in the navigation, and their address. */
export const PAGES = [
  { word: "Overview", heading: "Overview", path: "" },
  { word: "Keys", heading: "API keys", path: "/keys" },
  { word: "Routes", heading: "Routes", path: "/routes" },
  { word: "Requests", heading: "Requests", path: "/requests" },
];

/** Opens the dashboard at `path` and signs in there. */
export async function signIn(page: Page, gateway: Gateway, path = "") {
  await page.goto(`${gateway.url}/admin/dashboard${path}`);
  await page.getByLabel("Admin token").fill(ADMIN_TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}
