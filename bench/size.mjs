// Measures the admin API on a database of any size (`make fill` makes one): every filter of the log, first page and deep in
// it, the chart, the metrics, and an export. Prints tables in Markdown; what is over its bound is bold, and ends this with code 1.
// ROUNDS (20), EXPORTED (1000000), FORMATS (csv,ndjson) and PARTS (lists,figures,exports) make it longer or shorter. FASTGATE_BIN names the executable.
//
//   node bench/size.mjs SQLITE_FILE | postgres://…

import { resolve } from "node:path";
import { ADMIN_TOKEN, startGateway } from "../end2end/support/gateway.mjs";
import { onServer } from "./postgres.mjs";
import { memory, pidsOf } from "./process.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 20);
const EXPORTED = Number(process.env.EXPORTED ?? 1_000_000);
const PARTS = (process.env.PARTS ?? "lists,figures,exports").split(",");
const FORMATS = (process.env.FORMATS ?? "csv,ndjson").split(",");
/** What a page of the log and the figures may take, milliseconds. */
const [PAGE_MS, METRICS_MS] = [100, 50];

const place = process.argv[2];
const started = performance.now();
const gateway = await startGateway({
  settings: {
    ...(place.startsWith("postgres") ? onServer(place) : { DATABASE__SQLITE_PATH: resolve(place) }),
    AUDIT__MAX_AGE_DAYS: 3650,
    AUDIT__MAX_BYTES: 1_000_000_000_000,
  },
});
const ready = performance.now() - started;

const day = 86_400_000;
const at = (days) => new Date(Date.now() - days * day).toISOString();
const key = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const route = (n) => `00000000-0000-4000-9000-${String(n).padStart(12, "0")}`;

async function ask(path) {
  const begun = performance.now();
  const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  return { ms: performance.now() - begun, answer };
}

let over = 0;

/** Asks ROUNDS times; `bound` is what the 95th percentile may take, in milliseconds. */
async function measured(what, path, bound) {
  const times = [];
  let answer;
  for (let n = 0; n < ROUNDS; n += 1) {
    const asked = await ask(typeof path === "function" ? path(n) : path);
    times.push(asked.ms);
    answer = asked.answer;
    // Far over its bound, it need not be known more exactly.
    if (n >= 2 && asked.ms > 10 * bound) break;
  }
  times.sort((one, two) => one - two);
  const [median, p95] = [0.5, 0.95].map((share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]);
  const found = answer.items && `${answer.items.length} of ${answer.total_is_lower_bound ? "≥ " : ""}${answer.total}`;
  const [from, to] = p95 > bound ? ["**", "**"] : ["", ""];
  over += p95 > bound ? 1 : 0;
  console.log(`| ${what} | ${median.toFixed(0)} | ${from}${p95.toFixed(0)}${to} | ${found ?? ""} |`);
  return answer;
}

const recent = (await ask("/admin/logs?limit=1")).answer.items[0];
const filters = {
  none: "",
  "start_time, a day ago": `start_time=${at(1)}`,
  "end_time, 20 days ago": `end_time=${at(20)}`,
  "start_time and end_time": `start_time=${at(12)}&end_time=${at(11)}`,
  "status_code=200": "status_code=200",
  "status_code=504": "status_code=504",
  "status_code=5xx": "status_code=5xx",
  "status_code=418 (none)": "status_code=418",
  "method=POST": "method=POST",
  "method=DELETE": "method=DELETE",
  "method=PATCH (none)": "method=PATCH",
  "path, often": "path=chat",
  "path, seldom": "path=batches/77",
  "path, never": "path=nothing",
  "path pattern": "path=/v1/files/*7",
  "route_id, busy": `route_id=${route(0)}`,
  "route_id, quiet": `route_id=${route(450)}`,
  "key_id, busy": `key_id=${key(0)}`,
  "key_id, quiet": `key_id=${key(900)}`,
  "key_id, unknown": `key_id=${key(5000)}`,
  source_path: "source_path=team-7",
  model: "model=model-19",
  "is_stream=true": "is_stream=true",
  "is_stream=false": "is_stream=false",
  "min_ms=1000": "min_ms=1000",
  "min_ms=300000": "min_ms=300000",
  "has_error=true": "has_error=true",
  "has_error=false": "has_error=false",
  request_id: `request_id=${recent?.request_id}`,
  ip_address: "ip_address=10.1.3.7",
  "key_id and status_code": `key_id=${key(3)}&status_code=502`,
  "key_id, model, path": `key_id=${key(3)}&model=model-7&path=files`,
  "route_id and min_ms": `route_id=${route(1)}&min_ms=200000`,
  "status_code and path": "status_code=4xx&path=embeddings",
  "has_error and is_stream": "has_error=true&is_stream=true",
  "model and method": "model=model-0&method=DELETE",
};

console.log(`start to ready: ${ready.toFixed(0)} ms\n`);

async function lists() {
  console.log(`| GET /admin/logs | median, ms | p95, ms | found |\n| --- | ---: | ---: | --- |`);
  for (const [what, filter] of Object.entries(filters)) {
    const answer = await measured(what, `/admin/logs?${filter}`, PAGE_MS);
    if (answer.next_cursor) {
      let cursor = answer.next_cursor;
      for (let n = 0; n < 5 && cursor; n += 1) {
        const next = (await ask(`/admin/logs?${filter}&limit=1000&cursor=${cursor}`)).answer.next_cursor;
        if (!next) break;
        cursor = next;
      }
      await measured("… deep in it", `/admin/logs?${filter}&cursor=${cursor}`, PAGE_MS);
    }
  }
}

async function figures() {
  console.log("\n| others | median, ms | p95, ms | |\n| --- | ---: | ---: | --- |");
  await measured("GET /admin/logs/histogram", "/admin/logs/histogram", PAGE_MS);
  await measured("… a day", `/admin/logs/histogram?start_time=${at(1)}`, PAGE_MS);
  await measured("… path, never", "/admin/logs/histogram?path=nothing", PAGE_MS);
  await measured("GET /admin/metrics", "/admin/metrics", METRICS_MS);
  await measured("… a day", `/admin/metrics?start_time=${at(1)}`, METRICS_MS);
  await measured("… 30 days", `/admin/metrics?start_time=${at(30)}`, METRICS_MS);
  await measured("GET /admin/metrics/hourly, a day", "/admin/metrics/hourly?hours=24", METRICS_MS);
  await measured("… 30 days", "/admin/metrics/hourly?hours=720", METRICS_MS);
  await measured("GET /admin/metrics/daily, 30 days", "/admin/metrics/daily?days=30", METRICS_MS);
  for (const by of ["route", "key", "source", "model", "upstream", "status"]) {
    const grouped = `/admin/metrics/grouped?by=${by}`;
    await measured(`GET /admin/metrics/grouped, by ${by}, an hour`, `${grouped}&span=minute&start_time=${at(1 / 24)}`, METRICS_MS);
    await measured("… a day", `${grouped}&span=hour&start_time=${at(1)}`, METRICS_MS);
    await measured("… 30 days", `${grouped}&span=day&start_time=${at(30)}`, METRICS_MS);
  }
  await measured("GET /admin/storage", "/admin/storage", PAGE_MS);
}

/** Reads an export to its end, with an eye on the gateway's memory. */
async function exported(format) {
  const pids = pidsOf(gateway.child.pid);
  const before = memory(pids);
  let [bytes, most, rows] = [0, before, 0];
  const watch = setInterval(() => (most = Math.max(most, memory(pids))), 250);
  const begun = performance.now();
  const file = await fetch(`${gateway.url}/admin/logs/export?format=${format}&limit=${EXPORTED}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  if (!file.ok) throw new Error(`export: ${file.status} ${await file.text()}`);
  for await (const chunk of file.body) {
    bytes += chunk.length;
    for (const byte of chunk) rows += byte === 10 ? 1 : 0;
  }
  clearInterval(watch);
  const seconds = (performance.now() - begun) / 1000;
  const what = format === "xlsx" ? `${(bytes / 1e6).toFixed(0)} MB` : `${rows - (format === "csv" ? 1 : 0)} rows`;
  console.log(`\nexport as ${format}: ${what} in ${seconds.toFixed(1)} s, memory ${before.toFixed(0)} → at most ${most.toFixed(0)} MiB`);
}
if (PARTS.includes("lists")) await lists();
if (PARTS.includes("figures")) await figures();
if (PARTS.includes("exports")) for (const format of FORMATS) await exported(format);
await gateway.stop();
console.log(over === 0 ? "\nnothing is over its bound" : `\n${over} over their bounds`);
process.exitCode = over === 0 ? 0 : 1;
