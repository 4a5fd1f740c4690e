// Five times more requests than the upstream can work on: what it can do is done, the rest is told to come back.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { it } from "node:test";
import { call, gatewayWith, load, target, told } from "./stand.mjs";

/** The target takes a second for each request: so many at once are so many a second. */
const AT_ONCE = 20;
const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 8);

const residentMiB = ({ child }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024;

it("five times the capacity: the capacity is used, the rest hears 503 with Retry-After, memory stays, and it is over when it is over", async (t) => {
  const slow = await target("slow");
  const settings = { PROXY__QUEUE_REQUESTS: 20 };
  const stand = await gatewayWith([{ target_host: slow.host, max_concurrency: AT_ONCE }], settings);
  const agent = new Agent({ keepAlive: true });
  const send = (id) => call(agent, stand, "GET", id);

  assert.equal(await send("alone"), 200);

  const before = residentMiB(stand.gateway);
  const retryAfter = new Set();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMiB(stand.gateway))), 100);
  const rate = 5 * AT_ONCE;
  const overload = performance.now();
  const statuses = await load(rate, rate * SECONDS, async (id) => {
    let said;
    const status = await call(agent, stand, "GET", id, { heard: (value) => (said = value) });
    if (status === 503) retryAfter.add(said);
    return status;
  });
  const goodput = statuses.filter((status) => status === 200).length / ((performance.now() - overload) / 1000);
  clearInterval(watch);

  const after = performance.now();
  assert.equal(await send("after"), 200);
  // A second of it is the target's.
  const normal = performance.now() - after;
  agent.destroy();
  t.diagnostic(`capacity ${AT_ONCE}/s, asked ${rate}/s, served ${goodput.toFixed(1)}/s (${((100 * goodput) / AT_ONCE).toFixed(0)} %)`);
  t.diagnostic(`memory ${before.toFixed(0)} MiB before, ${most.toFixed(0)} at most; served again after ${normal.toFixed(0)} ms`);
  assert.deepEqual(statuses.filter((status) => status !== 200 && status !== 503), []);
  assert.deepEqual([...retryAfter], ["1"]);
  assert.equal(await told(slow, "most"), AT_ONCE);
  // 90 % is what is promised; a machine that does other things meanwhile must not fail the test.
  assert.ok(goodput > 0.8 * AT_ONCE, `${goodput} of ${AT_ONCE}`);
  assert.ok(most - before < 48, `${before} MiB, then ${most}`);
  assert.ok(normal < 3_000, `${normal} ms`);
});
