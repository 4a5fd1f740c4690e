// Measures retention on a database of any size (`make fill` makes one; it gets smaller by this): how long clients, administrators
// and readers wait while old records are deleted, by days and by bytes, and what becomes of the files. Every response waits for
// its record here (`proxy.async_audit: false`), so that a writer who is kept waiting shows. FASTGATE_BIN names the executable.
//
//   node bench/retention.mjs SQLITE_FILE | postgres://…

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ADMIN_TOKEN, startGateway } from "../end2end/support/gateway.mjs";
import { onServer } from "./postgres.mjs";

const QUIET_SECONDS = Number(process.env.QUIET_SECONDS ?? 20);
const DAYS = Number(process.env.DAYS ?? 1);
const BYTES = Number(process.env.BYTES ?? 1 << 30);
const NOTHING = { AUDIT__MAX_AGE_DAYS: 3650, AUDIT__MAX_BYTES: 1_000_000_000_000 };

const place = process.argv[2];
const embedded = !place.startsWith("postgres");
const database = embedded ? { DATABASE__SQLITE_PATH: resolve(place) } : onServer(place);

const line = (cells) => `| ${cells.join(" | ")} |`;
const size = () =>
  embedded ? ["", "-wal"].map((end) => statSync(resolve(place) + end, { throwIfNoEntry: false })?.size ?? 0).reduce((a, b) => a + b) : 0;

/** Asks again and again until it is told to stop; remembers how long each call took. */
function asking(call, every) {
  const times = [];
  let on = true;
  const done = (async () => {
    while (on) {
      const begun = performance.now();
      await call();
      times.push(performance.now() - begun);
      await pause(every);
    }
  })();
  return async () => {
    on = false;
    await done;
    times.sort((one, two) => one - two);
    return times;
  };
}

async function phase(name, limits, isOver) {
  const gateway = await startGateway({ settings: { ...database, PROXY__ASYNC_AUDIT: false, ...NOTHING, ...limits } });
  const get = (path) => fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }).then((answer) => answer.json());
  const route = await gateway.route({ match_path: "/measured", target_host: "127.0.0.1:1" });
  const before = { size: size(), at: performance.now() };
  const probes = {
    "a response with its record": asking(() => fetch(`${gateway.url}/nothing`).then((answer) => answer.text()), 2),
    "a change of a route": asking(() => gateway.admin("POST", `/routes/${route.route_id}/toggle`), 50),
    "a page of the log": asking(() => get("/admin/logs?limit=50"), 50),
  };
  await isOver(gateway, get);
  const seconds = (performance.now() - before.at) / 1000;
  for (const [what, stop] of Object.entries(probes)) {
    const times = await stop();
    const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
    const over = times.filter((time) => time > 50).length;
    console.log(line([`${name}: ${what}`, at(0.5), at(0.99), at(1), `${over} of ${times.length}`]));
  }
  await gateway.admin("DELETE", `/routes/${route.route_id}`);
  await gateway.stop();
  return { name, seconds, shrank: before.size - size(), size: size() };
}

const oldest = async (get) => (await get("/admin/logs?order=asc&limit=1")).items[0]?.request_time;
const patience = 3_600_000;
async function within(done) {
  const begun = performance.now();
  while (!(await done())) {
    if (performance.now() - begun > patience) throw new Error("retention did not end within an hour");
    await pause(500);
  }
}

console.log("| while | median, ms | p99, ms | most, ms | over 50 ms |\n| --- | ---: | ---: | ---: | ---: |");
const results = [];
let first;
results.push(
  await phase("nothing is deleted", {}, async (_, get) => {
    first = new Date(await oldest(get));
    await pause(QUIET_SECONDS * 1000);
  }),
);
const keptDays = Math.floor((Date.now() - first) / 86_400_000) + 1 - DAYS;
const until = Date.now() - keptDays * 86_400_000;
results.push(
  await phase(`deleting by days`, { AUDIT__MAX_AGE_DAYS: keptDays }, (_, get) => within(async () => new Date(await oldest(get)) >= until)),
);
const taken = async (gateway) => (await gateway.admin("GET", "/storage")).bytes;
let bytes;
{
  const gateway = await startGateway({ settings: { ...database, ...NOTHING } });
  bytes = await taken(gateway);
  await gateway.stop();
}
results.push(
  await phase(`deleting by bytes`, { AUDIT__MAX_BYTES: Math.max(1 << 20, bytes - BYTES) }, (gateway) =>
    within(async () => gateway.log().includes("audit.max_bytes was reached")),
  ),
);
const mib = (bytes) => (bytes / 1024 / 1024).toFixed(0);
for (const { name, seconds, shrank, size } of results) {
  console.log(`\n${name}: ${seconds.toFixed(0)} s${embedded ? `, files ${mib(shrank)} MiB smaller, now ${mib(size)} MiB` : ""}`);
}
