// Whatever strangers and administrators wrote is shown as text on every page: nothing of it becomes an element or runs.

import type { Page } from "@playwright/test";
import { PAGES, alone as test, expect, signIn } from "./stand";

test.use({ viewport: { width: 1440, height: 900 }, file: "markup" });

/** What would run, each in its way, if it became part of a page: it sets `window.ran`. */
const MARKUP = [
  "<img src=x onerror=window.ran=1>",
  "<svg onload=window.ran=1></svg>",
  "</script><script>window.ran=1</script>",
  '"><iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
  "<details open ontoggle=window.ran=1>",
  "<a href=javascript:window.ran=1>click</a>",
];

test.beforeAll(async ({ gateway, upstream }) => {
  for (const [number, text] of MARKUP.entries()) {
    await gateway.route({
      route_name: text,
      match_path: `/markup-${number}/*`,
      match_method: "POST",
      target_host: upstream.host,
      target_path: "",
      add_headers: { "X-Note": text },
    });
    const { key_value } = await gateway.key({ name: text, source_path: `markup-${number}` });
    for (const path of [`/markup-${number}/v1/chat/completions`, `/nowhere/${encodeURIComponent(text)}`]) {
      const answer = await fetch(`${gateway.url}${path}?q=${encodeURIComponent(text)}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key_value}`, "content-type": "application/json", "user-agent": text, "x-text": text },
        body: JSON.stringify({ model: text, messages: [{ role: "user", content: text }] }),
      });
      await answer.text();
    }
  }
});

/** What the texts became: elements that only they could have made, and whether one of them ran. */
async function made(page: Page) {
  return page.evaluate(() => ({
    elements: document.querySelectorAll("main img, main iframe, [onerror], [onload], [ontoggle], a[href^='javascript:' i], main script").length,
    ran: "ran" in window,
  }));
}

for (const { word, heading, path } of PAGES) {
  test(`${word} shows it as text`, async ({ page, gateway }) => {
    await signIn(page, gateway, path);
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    if (["Keys", "Routes", "Requests", "Changes"].includes(word)) {
      await expect(page.getByRole("main").locator(":not(option)", { hasText: /^<img src=x onerror=window.ran=1>$/ }).first()).toBeVisible();
    }
    expect(await made(page)).toEqual({ elements: 0, ran: false });
  });
}

test("a record shows headers, bodies and why as text", async ({ page, gateway }) => {
  const { items } = await gateway.admin("GET", "/logs?limit=50");
  expect(items).toHaveLength(2 * MARKUP.length);
  await signIn(page, gateway, "/requests");
  for (const { id } of items) {
    await page.goto(`${gateway.url}/admin/dashboard/requests?open=${id}`);
    const drawer = page.getByRole("dialog", { name: "Request" });
    const tabs = drawer.getByRole("tab");
    await expect(tabs.first()).toBeVisible();
    for (const tab of await tabs.all()) {
      await tab.click();
      await expect(tab).toHaveAttribute("aria-selected", "true");
      expect(await made(page)).toEqual({ elements: 0, ran: false });
    }
  }
});
