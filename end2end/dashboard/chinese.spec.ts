// No text is left untranslated: every page and dialog in Chinese, and no Latin word on it that is not data or a term that is
// the same in Chinese. The data of this gateway is Chinese, so that what is left in English is the dashboard's own.

import type { Page } from "@playwright/test";
import { alone as test, expect } from "./stand";
import { ADMIN_TOKEN, freePort } from "../support/gateway.mjs";

test.use({ file: "chinese", locale: "zh-CN", viewport: { width: 1440, height: 900 } });

/** Names and terms that Chinese texts use as they are. */
const TERMS = new Set(
  [
    "M-FastGate FastGate OpenAPI API JSON YAML CSV Excel xlsx NDJSON HTTP HTTPS TLS PEM CORS TCP SQLite PostgreSQL OpenAI ID URL IP UTC RFC MB",
    "Token token Cookie Authorization Bearer curl Python JavaScript Ctrl Enter Esc English Schema Origin",
    "GET POST PUT PATCH DELETE HEAD OPTIONS TRACE ANY CONNECT",
    "ms KiB MiB GiB TiB min http https h2c none null true false",
    // Field names and words of configurations that hints quote.
    "gpt-4o-mini qwen3 regex model host port key header name route path chat embeddings models max_tokens openai-chat audit capture redacted properties required targets",
    "error-429 error-500 OpenID Connect OIDC",
    // Header fields.
    "accept authorization accept-encoding accept-language connection content-length content-type date keep-alive sec-fetch-mode server",
    "transfer-encoding user-agent via x-request-id x-upstream x-stainless retry-after www-authenticate",
    "power_of_two MIT Chrome Linux PROXY SIGHUP WebSocket v1 v2",
    "fastgate admin-token security allow_insecure_cookie env",
  ].flatMap((line) => line.split(" ")),
);

/** Visible texts and names of elements that are the dashboard's own: no code, no data. */
function ownTexts() {
  const data = "code, pre, kbd, samp, textarea, time, [lang]:not(html), .mono, .input-mono, .method, .tag, .data, option[value]:not([value='']), script, style, noscript";
  const texts: string[] = [];
  const visible = (element: Element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element && !element.closest(data) && visible(element)) texts.push(node.textContent ?? "");
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], [data-label]")) {
    if (element.closest(data) || !visible(element)) continue;
    for (const name of ["aria-label", "placeholder", "title", "data-label"]) texts.push(element.getAttribute(name) ?? "");
  }
  texts.push(document.title);
  return texts;
}

async function expectChinese(page: Page, where: string) {
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  const texts = await page.evaluate(ownTexts);
  expect(texts.length, where).toBeGreaterThan(5);
  const left = texts.flatMap((text) => {
    // Addresses, numbers with units, ids, file names and times are data wherever they stand.
    const words = text
      .replace(/\bfg_[^\s，。）]*/g, " ")
      .replace(/`[^`]*`|FASTGATE_\w+/g, " ")
      // What a value may be, word by word, and examples of it.
      .replace(/可用的有：[^。；]*/g, " ")
      .replace(/[\w, ]+之一|[\w、 或]+，或以逗号分隔的 target=level|\{cert: FILE, key: FILE\}|CERT=KEY|postgres(ql)?:\/\//g, " ")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, " ")
      .replace(/Mozilla\/.*/g, " ")
      .replace(/\*?[\w-]+(\.[\w-]+)+|\*\.\w+/g, " ")
      .replace(/[\w.*{}-]*\/[\w.*{}:/<>-]+/g, " ")
      .replace(/\b[0-9a-f-]{8,}\b/g, " ")
      .replace(/\b\d[\d.,]* ?(ms|s|min|h|d|B|KiB|MiB|GiB)\b/g, " ")
      .replace(/\bp\d\d\b|\b[1-5]xx\b/g, " ")
      .match(/[A-Za-z][\w-]*\w/g);
    return (words ?? []).filter((word) => !TERMS.has(word)).map((word) => `${word}   in “${text.trim().slice(0, 120)}”`);
  });
  expect.soft([...new Set(left)], where).toEqual([]);
}

test.beforeAll(async ({ gateway, upstream }) => {
  await gateway.route({ route_name: "对话", description: "机房中的两台机器", match_path: "/v1/*", target_host: upstream.host, target_path: "" });
  await gateway.route({ route_name: "停用的", match_path: "/off", target_host: upstream.host, is_active: false, auth: "none" });
  const { key_value } = await gateway.key({ name: "客服", source_path: "客服", rate_limit: 30, permissions: ["chat"] });
  await gateway.key({ name: "过期", source_path: "旧", expires_at: "2020-01-01T00:00:00" });
  for (const model of ["gpt-4o-mini", "error-429", "error-500"]) {
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key_value}`, "user-agent": "" },
      body: JSON.stringify({ model, messages: [] }),
    });
    await answer.text();
  }
  await (await fetch(`${gateway.url}/v1/unknown`)).text();
  // Of each kind of failure that the gateway speaks of itself.
  const nobody = await freePort();
  await gateway.route({ route_name: "无人", match_path: "/nobody", target_host: `127.0.0.1:${nobody}`, auth: "none" });
  for (const [path, headers] of [
    ["/nobody", {}],
    ["/v1/models", { authorization: `Bearer ${key_value}` }],
    ["/nowhere/at/all", { authorization: `Bearer ${key_value}` }],
  ] as const) {
    await (await fetch(`${gateway.url}${path}`, { headers: { "user-agent": "", ...headers } })).text();
  }
  await gateway.record("status_code=401");
});

async function signIn(page: Page, url: string) {
  await page.goto(`${url}/admin/dashboard`);
  await expect(page.getByRole("button", { name: "登录" })).toBeVisible();
  await expectChinese(page, "sign-in");
  await page.getByLabel("管理员令牌").fill("wrong-token-0123456789");
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expectChinese(page, "a refused sign-in");
  await page.getByLabel("管理员令牌").fill(ADMIN_TOKEN);
  await page.getByRole("button", { name: "登录" }).click();
  await expect(page.getByRole("navigation")).toBeVisible();
}

const CLICKS: Record<string, (page: Page) => Promise<void>> = {
  "/keys": async (page) => page.getByRole("button", { name: "轮换密钥 客服" }).click(),
  "/keys?": async (page) => page.getByRole("button", { name: "删除密钥 客服" }).click(),
  "/routes": async (page) => page.getByRole("button", { name: "删除路由 对话" }).click(),
  "/routes?": async (page) => page.getByRole("button", { name: "向 对话 发送测试" }).click(),
  "/routes?new=1": async (page) => page.getByRole("dialog").getByRole("radio").last().click({ force: true }),
  "/changes": async (page) => page.locator("tbody tr a").first().click(),
  "/requests": async (page) => page.locator("tbody tr a").first().click(),
  "/playground": async (page) => {
    await page.locator(".playground-form button[type=submit]").click();
    await expect(page.locator(".playground-answer pre").last()).toBeVisible();
  },
};

test("a first visit shows no word of English, and asks for the Chinese once, beside the program", async ({ page, gateway }) => {
  await page.addInitScript(() => {
    const seen = new Set<string>();
    Object.assign(window, { seen });
    new MutationObserver(() => {
      for (const word of document.body?.innerText.match(/[\p{L}-]+/gu) ?? []) seen.add(word);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  const sizes: Promise<[string, number]>[] = [];
  page.on("requestfinished", (request) => sizes.push(request.sizes().then((size) => [new URL(request.url()).pathname, size.responseBodySize])));
  await page.goto(`${gateway.url}/admin/dashboard`);
  await expect(page.getByRole("button", { name: "登录" })).toBeVisible();
  await page.waitForLoadState("networkidle");
  const seen = await page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen]);
  expect(seen).toContain("登录");
  expect(seen.filter((word) => /[A-Za-z]/.test(word) && !TERMS.has(word))).toEqual([]);
  const files = await Promise.all(sizes);
  expect(files.filter(([path]) => path.endsWith("/zh-CN.json"))).toHaveLength(1);
  // Nobody sees a page, or is told a sentence of the server, yet.
  expect(files.filter(([path]) => path.endsWith("/pages.zh-CN.json"))).toEqual([]);
  // The page's link asked for it, not the program.
  const askedBy = await page.evaluate(() => performance.getEntriesByType("resource").flatMap((entry) => (entry.name.includes("/zh-CN.json") ? [(entry as PerformanceResourceTiming).initiatorType] : [])));
  expect(askedBy).toEqual(["link"]);
  expect(files.reduce((sum, [, size]) => sum + size, 0)).toBeLessThanOrEqual(500_000);
});

test("every page and dialog is Chinese", async ({ page, gateway }) => {
  test.setTimeout(180_000);
  await signIn(page, gateway.url);
  const places = ["", "/keys", "/keys?", "/keys?new=1", "/routes", "/routes?", "/routes?new=1", "/routes?match=1", "/routes?import=1"];
  places.push("/changes?trail=1", "/settings?new=1", "/requests", "/requests?live=1", "/statistics", "/statistics?by=model", "/playground", "/changes", "/settings", "/nowhere");
  for (const place of places) {
    await page.goto(`${gateway.url}/admin/dashboard${place}`);
    await expect(page.locator("h1")).toBeVisible();
    await expectChinese(page, place);
    // Folded parts have texts, too.
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    await expectChinese(page, `${place}, unfolded`);
    if (place in CLICKS) {
      await CLICKS[place](page);
      await expect(page.locator("dialog[open], .playground-answer").last()).toBeVisible();
      await expectChinese(page, `${place}, the dialog`);
    }
  }
});

test("what is refused is said in Chinese", async ({ page, gateway }) => {
  await signIn(page, gateway.url);
  await page.goto(`${gateway.url}/admin/dashboard/routes?new=1`);
  await page.getByLabel("路径模式").fill("no");
  await page.getByLabel("优先级").fill("0");
  await page.getByRole("button", { name: "创建路由" }).click();
  await expect(page.locator(".field-error").first()).toBeVisible();
  await expectChinese(page, "a refused route");
  await page.goto(`${gateway.url}/admin/dashboard/keys?new=1`);
  await page.getByLabel("每分钟请求数").fill("x");
  await page.getByLabel("权限").fill("fly, model:, path:/a//b, 含\u0007");
  await page.getByRole("button", { name: "创建密钥" }).click();
  await expect(page.locator(".field-error").first()).toBeVisible();
  await expectChinese(page, "a refused key");
});

test("the record of a request is Chinese in all its parts", async ({ page, gateway }) => {
  await signIn(page, gateway.url);
  const { id } = await gateway.record("status_code=500");
  await page.goto(`${gateway.url}/admin/dashboard/requests?open=${id}`);
  const drawer = page.getByRole("dialog");
  await expect(drawer.getByRole("tab")).toHaveCount(4);
  for (const tab of await drawer.getByRole("tab").all()) {
    await tab.click();
    await expectChinese(page, `the record, ${await tab.textContent()}`);
  }
  await drawer.getByRole("button", { name: "编辑并重发" }).click();
  await expect(page.getByRole("dialog", { name: "编辑并重发" })).toBeVisible();
  await expectChinese(page, "edit and resend");
});

test("why requests failed is said in Chinese wherever it shows", async ({ page, gateway }) => {
  await signIn(page, gateway.url);
  for (const [status, why] of [
    ["502", "上游拒绝了连接。"],
    ["404", "没有路由匹配 GET /nowhere/at/all。"],
    ["403", "API 密钥缺少权限：models、route:对话"],
    ["401", "没有给出 API 密钥。"],
  ]) {
    await page.goto(`${gateway.url}/admin/dashboard`);
    await expect(page.locator(".error-text", { hasText: why }).first()).toBeVisible();
    // The playground of a test before was refused, too.
    const which = status === "403" ? "&path=/v1/models" : "";
    const { id } = await gateway.record(`status_code=${status}&has_error=true${which}`);
    await page.goto(`${gateway.url}/admin/dashboard/requests?status_code=${status}`);
    await expect(page.locator(".request-error", { hasText: why }).first()).toBeVisible();
    await page.goto(`${gateway.url}/admin/dashboard/requests?open=${id}`);
    await expect(page.getByRole("dialog").locator(".banner-bad")).toContainText(why);
    await expectChinese(page, `the record of a ${status}`);
  }
});

test("the help and the palette are Chinese", async ({ page, gateway }) => {
  await signIn(page, gateway.url);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectChinese(page, "help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeVisible();
  await expectChinese(page, "palette");
});
