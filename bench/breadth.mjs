// The measurements in breadth: small and large requests, streams, open loop, idle connections, many routes and keys; direct,
// through nginx, HAProxy and the gateway in turns. Ratios to nginx, round by round.

import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { end, run, start } from "../end2end/support/children.mjs";
import { freePort, startGateway } from "../end2end/support/gateway.mjs";
import { cpuSeconds, memory, pidsOf, quiet } from "./process.mjs";
import { ratios, row, table } from "./report.mjs";
import { REQUESTS, chat, routesByModel } from "./requests.mjs";
import { configured, listening, nginx, note, publish, wrk } from "./sides.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS_EACH ?? 5);
const STREAMS = Number(process.env.STREAMS ?? 1000);
const IDLE = Number(process.env.IDLE ?? 10_000);
const LOAD = process.env.LOAD_BIN;
const CONNECTIONS = 64;
const folder = mkdtempSync(join(tmpdir(), "fastgate-breadth-"));

async function haproxy(values) {
  writeFileSync(join(folder, "keys.map"), `${values.KEY} 1\n`);
  const log = openSync(join(folder, "haproxy.log"), "a");
  return listening(start("haproxy", ["-f", configured("haproxy.cfg", values)], { stdio: ["ignore", log, "inherit"] }), values.PORT);
}

/** One run of the load generator: what it printed. */
async function load(command, side, { path, body = "" }, key, options = {}) {
  const args = [command, "--address", side.address, "--path", path, "--key", key];
  if (body !== "") args.push("--body", body);
  for (const [name, value] of Object.entries(options)) args.push(`--${name}`, String(value));
  const { code, stdout, stderr } = await run(LOAD, args);
  if (code !== 0) throw new Error(`${side.name}, ${command}: ${stderr}`);
  return JSON.parse(stdout);
}

/** One run of wrk on one side: requests per second, CPU time per request (µs). */
async function saturated(side, request, key) {
  const pids = side.pid === null ? [] : pidsOf(side.pid);
  const before = cpuSeconds(pids);
  const result = await wrk(`http://${side.address}${request.path}`, { key, body: request.body, connections: CONNECTIONS, seconds: SECONDS });
  await quiet(pids);
  return { rate: result.requests / result.seconds, cpu_us: ((cpuSeconds(pids) - before) * 1e6) / result.requests };
}

/** KiB for each connection that does nothing. */
async function idle(side, key) {
  const pids = pidsOf(side.pid);
  await quiet(pids);
  const before = memory(pids);
  const child = start(LOAD, ["idle", "--address", side.address, "--path", "/v1/models", "--key", key, "--count", String(IDLE)], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await quiet(pids);
  const kib = ((memory(pids) - before) * 1024) / IDLE;
  child.stdin.end();
  await once(child, "exit");
  return kib;
}

/** Streams side by side: added time to first byte and jitter at the end are of the same moment as their memory. */
async function streams(side, key) {
  const pids = side.pid === null ? [] : pidsOf(side.pid);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, pids.length ? memory(pids) : 0)), 250);
  const result = await load("streams", { ...side, address: side.paced }, { path: "/paced/chat", body: chat(200) }, key, { count: STREAMS });
  clearInterval(watch);
  return { ...result, memory: most };
}

async function setUp() {
  const values = { DIR: folder, UPSTREAM: await freePort() };
  const upstream = await nginx("upstream.conf", { ...values, PORT: values.UPSTREAM });
  const paced = start(LOAD, ["upstream"]);
  values.PACED = JSON.parse(String((await once(paced.stdout, "data"))[0])).port;
  const gateway = await startGateway();
  const host = `127.0.0.1:${values.UPSTREAM}`;
  await routesByModel(gateway, host);
  await gateway.route({ match_path: "/paced/*", target_host: `127.0.0.1:${values.PACED}`, target_path: "" });
  const { key_value: key } = await gateway.key();
  values.KEY = key;
  const [one, other] = [await freePort(), await freePort()];
  const proxies = [await nginx("proxy.conf", { ...values, PORT: one }), await haproxy({ ...values, PORT: other })];
  const address = (port) => `127.0.0.1:${port}`;
  const side = (name, at, pid) => ({ name, address: at, paced: at, pid });
  const sides = [
    { ...side("direct", host, null), paced: address(values.PACED) },
    side("nginx", address(one), proxies[0].pid),
    side("HAProxy", address(other), proxies[1].pid),
    side("M-FastGate", new URL(gateway.url).host, gateway.child.pid),
  ];
  return { sides, key, gateway, children: [upstream, paced, ...proxies] };
}

/** Figures by what was measured and by side, a value for each round. */
class Figures {
  rows = new Map();

  add(name, digits, side, value) {
    if (!this.rows.has(name)) this.rows.set(name, { digits, sides: {} });
    (this.rows.get(name).sides[side] ??= []).push(value);
  }

  table() {
    const names = ["direct", "nginx", "HAProxy", "M-FastGate"];
    const lines = [...this.rows].map(([name, { digits, sides }]) => {
      const ratio = sides.nginx && sides["M-FastGate"] && !name.includes("added") ? ratios(sides["M-FastGate"], sides.nginx) : null;
      return row(name, names.map((side) => sides[side] ?? null), ratio, digits);
    });
    return table(["", ...names, "M-FastGate ÷ nginx"], lines);
  }
}

async function main() {
  const { sides, key, gateway, children } = await setUp();
  const figures = new Figures();
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      note(`round ${round} of ${ROUNDS}`);
      // Before the load, which leaves memory behind.
      const proxies = sides.filter(({ pid }) => pid !== null);
      if (round === 1) {
        for (const side of proxies) figures.add(`an idle connection of ${IDLE}, KiB`, 1, side.name, await idle(side, key));
      }
      const many = {};
      for (const side of sides) many[side.name] = await streams(side, key);
      for (const request of REQUESTS) {
        for (const side of sides) {
          const { rate, cpu_us } = await saturated(side, request, key);
          if (side.pid !== null) figures.add(`${request.name}: CPU time per request, µs`, 1, side.name, cpu_us);
          figures.add(`${request.name}: requests per second`, 0, side.name, rate);
        }
      }
      const open = {};
      for (const side of sides) open[side.name] = await load("open", side, REQUESTS[1], key, { rate: 200, seconds: SECONDS });
      for (const { name } of proxies) {
        for (const [what, of] of [["median", "us_p50"], ["99 %", "us_p99"], ["99.9 %", "us_p999"]]) {
          figures.add(`200 requests a second: added, ${what}, ms`, 2, name, (open[name][of] - open.direct[of]) / 1000);
        }
        figures.add(`${STREAMS} streams: time to first byte added, 99 %, ms`, 2, name, (many[name].ttfb_us_p99 - many.direct.ttfb_us_p99) / 1000);
        figures.add(`${STREAMS} streams: off the pace, added, 99 %, ms`, 2, name, (many[name].jitter_us_p99 - many.direct.jitter_us_p99) / 1000);
        if (round === 1) figures.add(`${STREAMS} streams: memory, MiB`, 1, name, many[name].memory);
      }
    }
    const how = `${ROUNDS} rounds in turns, ${SECONDS} s each, ${cpus().length} cores shared by load, proxy and upstream. Each cell: median (least – most).`;
    const report = `${how}\n\n${figures.table()}\n`;
    publish("breadth.md", report);
  } finally {
    await end(gateway.child);
    for (const child of children) await end(child);
    rmSync(folder, { recursive: true, force: true });
    rmSync(gateway.folder, { recursive: true, force: true });
  }
}

await main();
