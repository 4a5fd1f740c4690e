// The measurements: the same requests direct, through nginx and through the gateway, in turns, so that what else happens
// on the machine hits all of them. Figures are ratios first: a shared machine's absolute ones say little.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { end, start } from "../end2end/support/children.mjs";
import { executable, freePort, startGateway } from "../end2end/support/gateway.mjs";
import { cpuSeconds, memory, pidsOf, quiet } from "./process.mjs";
import { ratios, row, table } from "./report.mjs";
import { QUESTION, routesByModel } from "./requests.mjs";
import { here, nginx, note, publish, wrk } from "./sides.mjs";
import { gaps } from "./stream.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS_EACH ?? 5);
const CONNECTIONS = 64;
const folder = mkdtempSync(join(tmpdir(), "fastgate-bench-"));

/** One run of wrk with a chat request. */
const load = (url, key, connections, seconds) => wrk(url, { key, body: QUESTION, connections, seconds });

/** Starts everything: upstreams, nginx, the gateway with a key and routes by model. */
async function setUp() {
  const ports = { up: await freePort(), proxy: await freePort() };
  const upstream = await nginx("upstream.conf", { DIR: folder, PORT: ports.up });
  const paced = start("node", [here("../end2end/support/upstream.mjs")]);
  const pacedUrl = await new Promise((resolve) => paced.stdout.once("data", (bytes) => resolve(String(bytes).trim())));
  const pacedHost = new URL(pacedUrl).host;
  const gateway = await startGateway();
  const idle = await idleMemory(gateway);
  const host = `127.0.0.1:${ports.up}`;
  await routesByModel(gateway, host);
  await gateway.route({ match_path: "/paced/*", target_host: pacedHost, target_path: "/v1/chat/completions" });
  const { key_value: key } = await gateway.key();
  const proxy = await nginx("proxy.conf", { DIR: folder, PORT: ports.proxy, KEY: key, UPSTREAM: ports.up, PACED: new URL(pacedUrl).port });
  const sides = [
    { name: "direct", url: `http://${host}`, paced: `${pacedUrl}/v1/chat/completions`, pid: null },
    { name: "nginx", url: `http://127.0.0.1:${ports.proxy}`, paced: `http://127.0.0.1:${ports.proxy}/paced/v1/chat/completions`, pid: proxy.pid },
    { name: "fastgate", url: gateway.url, paced: `${gateway.url}/paced/chat`, pid: gateway.child.pid },
  ];
  return { sides, key, gateway, idle, children: [upstream, proxy, paced] };
}

/** Resident memory (MiB) a moment after the start. */
async function idleMemory(gateway) {
  await quiet([gateway.child.pid]);
  return memory([gateway.child.pid]);
}

/** One side under load: requests per second, CPU time per request (µs), the most memory (MiB). */
async function loaded(side, key) {
  const pids = side.pid === null ? [] : pidsOf(side.pid);
  const before = cpuSeconds(pids);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, memory(pids))), 200);
  const { requests, seconds, p50_us, p99_us } = await load(`${side.url}/v1/chat/completions`, key, CONNECTIONS, SECONDS);
  clearInterval(watch);
  // What is done after the answer (audit records, logs) belongs to the request as well.
  await quiet(pids);
  const cpu_us = ((cpuSeconds(pids) - before) * 1e6) / requests;
  return { rate: requests / seconds, cpu_us, memory: most, p50_us, p99_us };
}

/** Milliseconds from the start of the process to the first 200 of /health/ready, on the database that is there. */
async function startTime(gatewayFolder) {
  const began = performance.now();
  const gateway = await startGateway({ folder: gatewayFolder });
  const ms = performance.now() - began;
  await gateway.stop({ keepFolder: true });
  return ms;
}

async function main() {
  const { sides, key, gateway, idle, children } = await setUp();
  const figures = Object.fromEntries(sides.map(({ name }) => [name, { rate: [], cpu_us: [], memory: [], p50_us: [], p99_us: [], one_us: [], gap_ms: [] }]));
  try {
    for (const side of sides) await load(`${side.url}/v1/chat/completions`, key, CONNECTIONS, 2);
    for (let round = 1; round <= ROUNDS; round += 1) {
      note(`round ${round} of ${ROUNDS}`);
      for (const side of sides) {
        const into = figures[side.name];
        for (const [name, value] of Object.entries(await loaded(side, key))) into[name].push(value);
        into.one_us.push((await load(`${side.url}/v1/chat/completions`, key, 1, 2)).p50_us);
      }
      const streams = await Promise.all(sides.map((side) => gaps(side.paced, key)));
      streams.forEach((gap, index) => figures[sides[index].name].gap_ms.push(gap));
    }
    await gateway.stop({ keepFolder: true });
    const starts = [];
    for (let n = 0; n < Math.max(5, ROUNDS); n += 1) starts.push(await startTime(gateway.folder));
    const report = write(figures, idle, starts);
    publish("report.md", report);
  } finally {
    await end(gateway.child);
    for (const child of children) await end(child);
    rmSync(folder, { recursive: true, force: true });
    rmSync(gateway.folder, { recursive: true, force: true });
  }
}

function write({ direct, nginx, fastgate }, idle, starts) {
  const added = (side) => side.one_us.map((us, round) => us - direct.one_us[round]);
  const gap = (side) => side.gap_ms.map((ms, round) => ms - direct.gap_ms[round]);
  const size = statSync(executable()).size / 1e6;
  const compared = table(
    ["", "direct", "nginx", "M-FastGate", "M-FastGate ÷ nginx"],
    [
      row("CPU time per request, µs", [null, nginx.cpu_us, fastgate.cpu_us], ratios(fastgate.cpu_us, nginx.cpu_us), 1),
      row(`requests per second, ${CONNECTIONS} connections`, [direct.rate, nginx.rate, fastgate.rate], ratios(fastgate.rate, nginx.rate), 0),
      row(`response time, ${CONNECTIONS} connections, median, ms`, [direct, nginx, fastgate].map((side) => side.p50_us.map((us) => us / 1000)), ratios(fastgate.p50_us, nginx.p50_us), 2),
      row(`response time, ${CONNECTIONS} connections, 99 %, ms`, [direct, nginx, fastgate].map((side) => side.p99_us.map((us) => us / 1000)), ratios(fastgate.p99_us, nginx.p99_us), 2),
      row("time to first byte added, one connection, µs", [null, added(nginx), added(fastgate)], ratios(added(fastgate), added(nginx)), 0),
      row("stream, 50 chunks 20 ms apart, median gap, ms", [direct.gap_ms, nginx.gap_ms, fastgate.gap_ms], null, 2),
      row("… away from the direct one, ms", [null, gap(nginx), gap(fastgate)], null, 2),
      row(`memory, ${CONNECTIONS} connections, MiB`, [null, nginx.memory, fastgate.memory], ratios(fastgate.memory, nginx.memory), 1),
    ],
  );
  const alone = table(
    ["M-FastGate alone", ""],
    [row("memory after the start, MiB", [[idle]], undefined, 1), row("start to ready, existing database, ms", [starts], undefined, 0), row("executable, MB", [[size]], undefined, 1)],
  );
  const how = `${ROUNDS} rounds in turns, ${SECONDS} s each, ${cpus().length} cores shared by load, proxy and upstream. Each cell: median (least – most).`;
  return `${how}\n\n${compared}\n\n${alone}\n`;
}

await main();
