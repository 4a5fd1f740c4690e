// Takes a picture of every page of the dashboard in both themes and both languages, on a telephone, a tablet and a
// desk: `node take.mjs FOLDER [ONLY…]` writes FOLDER/<page>-<width>-<theme>-<language>.png. ONLY are pages by name.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { launchOptions } from "../support/browser.mjs";
import { startGateway } from "../support/gateway.mjs";
import { startUpstream } from "../support/upstream.mjs";
import { populate, signIn } from "./traffic.mjs";

/** Pages by name: their address, and what to do there before the picture. */
const PAGES = {
  overview: { path: "" },
  keys: { path: "/keys" },
  "key-form": { path: "/keys?new=1" },
  routes: { path: "/routes" },
  "route-form": { path: "/routes?new=1" },
  "route-match": { path: "/routes?match=1" },
  requests: { path: "/requests" },
  record: { path: "/requests", then: (page) => page.locator("tbody tr a").first().click() },
  live: { path: "/requests?live=1" },
  changes: { path: "/changes" },
  trail: { path: "/changes?trail=1" },
  change: { path: "/changes", then: (page) => page.locator("tbody tr a").first().click() },
  import: { path: "/routes?import=1" },
  statistics: { path: "/statistics?by=model" },
  settings: { path: "/settings" },
  playground: { path: "/playground" },
  "playground-answer": { path: "/playground", then: send },
  palette: { path: "/routes", then: (page) => page.keyboard.press("Control+k") },
};
/** A request of the playground, up to its answer. */
async function send(page) {
  await page.locator(".playground-form button[type=submit]").click();
  await page.locator(".playground-answer .badge-good").last().waitFor();
}

const WIDTHS = [360, 768, 1440];
const THEMES = ["light", "dark"];
const LANGUAGES = { en: "en-GB", zh: "zh-CN" };

const [folder = "screenshots", ...only] = process.argv.slice(2);
const unknown = only.filter((name) => !(name in PAGES) && !["sign-in", "first-run"].includes(name));
if (unknown.length > 0) {
  console.error(`no such page: ${unknown.join(", ")}; there are sign-in, first-run, ${Object.keys(PAGES).join(", ")}`);
  process.exit(2);
}
const wanted = (name) => only.length === 0 || only.includes(name);

/** Nothing loads any more, and nothing moves. */
async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
}

async function take(page, name, look) {
  if (!wanted(name)) return;
  await settled(page);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width === 360 ? 720 : 900 });
    await settled(page);
    await page.screenshot({ path: join(folder, `${name}-${width}-${look}.png`), fullPage: true });
  }
}

async function everyPage(browser, empty, full, theme, language) {
  const look = `${theme}-${language}`;
  const context = await browser.newContext({ colorScheme: theme, locale: LANGUAGES[language], reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(`${empty.url}/admin/dashboard`);
  await take(page, "sign-in", look);
  await signIn(page, empty);
  await take(page, "first-run", look);
  await context.clearCookies();
  await signIn(page, full);
  for (const [name, { path, then }] of Object.entries(PAGES)) {
    if (!wanted(name)) continue;
    await page.goto(`${full.url}/admin/dashboard${path}`);
    await settled(page);
    await then?.(page);
    await take(page, name, look);
  }
  await context.close();
  console.log(`taken: ${look}`);
}

mkdirSync(folder, { recursive: true });
const upstreams = [await startUpstream({ name: "cellar-1" }), await startUpstream({ name: "cellar-2" })];
const gateways = [await startGateway(), await startGateway({ settings: { AUDIT__CAPTURE: "all" } })];
const browser = await chromium.launch(launchOptions);
try {
  const [empty, full] = gateways;
  await populate(full, upstreams);
  for (const theme of THEMES) {
    for (const language of Object.keys(LANGUAGES)) await everyPage(browser, empty, full, theme, language);
  }
} finally {
  await browser.close();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await Promise.all(upstreams.map((upstream) => upstream.stop()));
}
