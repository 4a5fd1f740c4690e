// Clients that are slow on purpose (slowhttptest): with their heads, with their bodies, in reading. They are shown out on time, and
// everybody else is served meanwhile. SLOW_CONNECTIONS (80) is how many at once; 1000 or more takes the gateway's own limits of
// time (head 10 s, body 30 s, idle 75 s) instead of shorter ones. An answer that lies in the system's buffers for a slow reader is not
// the gateway's any more: there it is seen that the gateway has let go of the connections.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Agent } from "node:http";
import { it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { run } from "../support/children.mjs";
import { call, gatewayWith, target } from "./stand.mjs";

const CONNECTIONS = Number(process.env.SLOW_CONNECTIONS ?? 80);
const OWN = CONNECTIONS >= 1000;
const [HEAD, BODY, IDLE] = OWN ? [10, 30, 75] : [2, 3, 3];
const SETTINGS = OWN
  ? {}
  : { SERVER__HEADER_TIMEOUT_SECONDS: HEAD, SERVER__BODY_TIMEOUT_SECONDS: BODY, SERVER__KEEP_ALIVE_SECONDS: IDLE };
/** Connections are opened within so many seconds. */
const OPENING = OWN ? 5 : 1;

const residentMiB = ({ child }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024;

const descriptors = ({ child }) => readdirSync(`/proc/${child.pid}/fd`).length;

/** How slowhttptest ended, and after how many seconds. */
function ending(text) {
  const plain = text.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, "");
  const [, second] = /Test ended on (\d+)\w\w second/.exec(plain) ?? [];
  const [, status] = /Exit status:\s*(.+)/.exec(plain) ?? [];
  return { second: Number(second), status };
}

for (const [name, mode, lasts] of [
  ["heads", ["-H", "-i", "1"], HEAD],
  ["bodies", ["-B", "-i", String(BODY + OPENING + 3), "-s", "8192"], BODY],
  ["reading", ["-X", "-w", "1", "-y", "8", "-n", "5", "-z", "1"], IDLE],
]) {
  it(`slow ${name}: shown out in time, and others are served`, async (t) => {
    const quick = await target("ok");
    const stand = await gatewayWith([{ target_host: quick.host, auth: "none" }], SETTINGS);
    const agent = new Agent({ keepAlive: true });
    assert.equal(await call(agent, stand, "GET", "before"), 200);
    const [before, open] = [residentMiB(stand.gateway), descriptors(stand.gateway)];
    // Whoever came last has its whole time as well, and a moment to be looked at.
    const seconds = OPENING + lasts + 6;
    const args = [...mode, "-c", String(CONNECTIONS), "-r", String(Math.ceil(CONNECTIONS / OPENING)), "-l", String(seconds), "-p", "5"];
    const url = `${stand.gateway.url}/work?size=200000`;
    let running = true;
    const attack = run("slowhttptest", [...args, "-u", url]).finally(() => (running = false));
    let [served, slowest, most, held] = [0, 0, before, 0];
    while (running) {
      const begun = performance.now();
      assert.equal(await call(agent, stand, "GET", `meanwhile-${served}`), 200);
      slowest = Math.max(slowest, performance.now() - begun);
      most = Math.max(most, residentMiB(stand.gateway));
      held = descriptors(stand.gateway) - open;
      served += 1;
      await pause(50);
    }
    agent.destroy();
    const { stdout, stderr } = await attack;
    const { second, status } = ending(stdout + stderr);
    t.diagnostic(`${CONNECTIONS} slow ones: ${status} after ${second} s; ${served} others served, the slowest in ${slowest.toFixed(0)} ms; memory ${before.toFixed(0)} MiB before, ${most.toFixed(0)} at most`);
    if (mode[0] !== "-X") assert.equal(status, "No open connections left", `${stdout}${stderr}`.slice(-2000));
    // Counted shortly before the end: a few may be on their way out, and others are served.
    assert.ok(held < 10 + CONNECTIONS / 50, `the gateway still has ${held} of them open`);
    assert.ok(served > seconds, `${served} in ${seconds} s`);
    assert.ok(slowest < 2_000, `${slowest} ms`);
    assert.ok(most - before < 16 + CONNECTIONS / 10, `${before} MiB, then ${most}`);
  });
}
