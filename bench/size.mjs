// Measures the admin API on a database of any size (`make fill` makes one): every filter of the log, first page and deep in
// it, the chart, the metrics, and an export. Prints a table in Markdown. FASTGATE_BIN names the executable.
//
//   node bench/size.mjs SQLITE_FILE | postgres://…

import { resolve } from "node:path";
import { ADMIN_TOKEN, startGateway } from "../end2end/support/gateway.mjs";
import { memory, pidsOf } from "./process.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 20);
const EXPORTED = Number(process.env.EXPORTED ?? 1_000_000);

const place = process.argv[2];
const started = performance.now();
const gateway = await startGateway({
  settings: {
    ...(place.startsWith("postgres") ? { DATABASE__URL: place } : { DATABASE__SQLITE_PATH: resolve(place) }),
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

async function measured(what, path) {
  const times = [];
  let answer;
  for (let n = 0; n < ROUNDS; n += 1) {
    const asked = await ask(typeof path === "function" ? path(n) : path);
    times.push(asked.ms);
    answer = asked.answer;
  }
  times.sort((one, two) => one - two);
  const [median, p95] = [0.5, 0.95].map((share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]);
  const found = answer.items && `${answer.items.length} of ${answer.total_is_lower_bound ? "≥ " : ""}${answer.total}`;
  console.log(`| ${what} | ${median.toFixed(0)} | ${p95.toFixed(0)} | ${found ?? ""} |`);
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

console.log(`start to ready: ${ready.toFixed(0)} ms\n\n| GET /admin/logs | median, ms | p95, ms | found |\n| --- | ---: | ---: | --- |`);
for (const [what, filter] of Object.entries(filters)) {
  const answer = await measured(what, `/admin/logs?${filter}`);
  if (answer.next_cursor) {
    let cursor = answer.next_cursor;
    for (let n = 0; n < 5 && cursor; n += 1) {
      const next = (await ask(`/admin/logs?${filter}&limit=1000&cursor=${cursor}`)).answer.next_cursor;
      if (!next) break;
      cursor = next;
    }
    await measured("… deep in it", `/admin/logs?${filter}&cursor=${cursor}`);
  }
}
console.log("\n| others | median, ms | p95, ms | |\n| --- | ---: | ---: | --- |");
await measured("GET /admin/logs/histogram", "/admin/logs/histogram");
await measured("… a day", `/admin/logs/histogram?start_time=${at(1)}`);
await measured("… path, never", "/admin/logs/histogram?path=nothing");
await measured("GET /admin/metrics", "/admin/metrics");
await measured("… 30 days", `/admin/metrics?start_time=${at(30)}`);
await measured("GET /admin/metrics/hourly", "/admin/metrics/hourly?hours=24");
for (const by of ["route", "key", "model"]) {
  await measured(`GET /admin/metrics/grouped, by ${by}, a day`, `/admin/metrics/grouped?by=${by}&span=hour&start_time=${at(1)}`);
  await measured("… 30 days", `/admin/metrics/grouped?by=${by}&span=day&start_time=${at(30)}`);
}
await measured("GET /admin/storage", "/admin/storage");

const before = memory(pidsOf(gateway.child.pid));
const begun = performance.now();
const file = await fetch(`${gateway.url}/admin/logs/export?format=jsonl`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
let [rows, most] = [0, before];
for await (const chunk of file.body) {
  for (const byte of chunk) if (byte === 10) rows += 1;
  if (rows % 50_000 < 500) most = Math.max(most, memory(pidsOf(gateway.child.pid)));
  if (rows >= EXPORTED) break;
}
const seconds = (performance.now() - begun) / 1000;
console.log(`\nexport: ${rows} rows in ${seconds.toFixed(1)} s, memory ${before.toFixed(0)} → at most ${most.toFixed(0)} MiB`);
await gateway.stop();
