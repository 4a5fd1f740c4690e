// Targets that are processes of their own and fail as processes do: killed, stopped, never started.

import assert from "node:assert/strict";
import { Agent } from "node:http";
import { it } from "node:test";
import { until } from "../support/children.mjs";
import { freePort } from "../support/gateway.mjs";
import { call, gatewayWith, load, target, told } from "./stand.mjs";

const others = (statuses, ...allowed) => statuses.filter((status) => !allowed.includes(status));

it("2,000 requests a second over three targets of which one is killed: no idempotent request fails", async () => {
  const targets = [await target("ok"), await target("ok"), await target("ok")];
  const stand = await gatewayWith([{ targets: targets.map(({ host }) => ({ host })) }]);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const kill = () => targets[0].child.kill("SIGKILL");
  const statuses = await load(2_000, 8_000, (id) => call(agent, stand, "GET", id), kill);
  agent.destroy();
  assert.deepEqual(others(statuses, 200), []);
});

for (const [name, routes] of [
  ["a primary", ([busy, well]) => [{ priority: 1, target_host: busy }, { priority: 2, target_host: well }]],
  ["one of two targets", (hosts) => [{ targets: hosts.map((host) => ({ host })) }]],
]) {
  it(`100 POSTs a second while ${name} answers 503 to everything: no client hears of it, and each arrives once`, async () => {
    const [busy, well] = [await target("refuse"), await target("ok")];
    const stand = await gatewayWith(routes([busy.host, well.host]));
    const agent = new Agent({ keepAlive: true });
    const statuses = await load(100, 300, (id) => call(agent, stand, "POST", id, { body: `body ${id}` }));
    agent.destroy();
    assert.deepEqual(others(statuses, 200), []);
    const arrived = (await told(well, "seen")).map(([id, , body]) => `${id}: ${body}`);
    assert.deepEqual(arrived.sort(), statuses.map((_, id) => `${id}: body ${id}`).sort());
  });
}

it("one target refuses, one hangs, one answers 503 every other time: clients hear what the contract allows, nothing twice", async () => {
  const port = await freePort();
  const [hangs, moody] = [await target("ok"), await target("alternate")];
  const hosts = [`127.0.0.1:${port}`, hangs.host, moody.host];
  hangs.child.kill("SIGSTOP");
  const stand = await gatewayWith([{ targets: hosts.map((host) => ({ host })), timeout: 1, retry_count: 5 }]);
  const { gateway, routes } = stand;
  const agent = new Agent({ keepAlive: true });
  const ask = (method, id) => call(agent, stand, method, id, { body: method === "POST" ? `body ${id}` : undefined });

  // Nobody knows yet who is well. What may have reached the one that hangs is not sent again, and that is all that fails;
  // after five failures in a row it is out of rotation.
  const posts = [];
  for (let n = 0; n < 8; n += 1) {
    posts.push([`early-${n}`, await ask("POST", `early-${n}`)]);
    assert.equal(await ask("GET", `early-get-${n}`), 200);
  }
  const late = posts.filter(([, status]) => status === 504).map(([id]) => id);
  assert.deepEqual(others(posts.map(([, status]) => status), 200, 504), []);
  assert.ok(late.length <= 5, `${late.length} were kept waiting`);

  // Known by their health checks: nobody hears of them, and they are not even asked. Every other request still needs a second
  // attempt at the only target left: 30 in ten seconds are within the retry budget, so the scenario asks for no more.
  const health_check = { path: "/health", interval_seconds: 1, timeout_seconds: 1, healthy_after: 1, unhealthy_after: 1 };
  await gateway.admin("PUT", `/routes/${routes[0].route_id}`, { health_check });
  const upstreams = async () => (await gateway.admin("GET", "/upstreams")).slice(0, 2);
  await until("both are known to be down", async () => (await upstreams()).every(({ state }) => state === "down"));
  const before = (await upstreams()).map(({ attempts }) => attempts);
  for (let n = 0; n < 8; n += 1) assert.equal(await ask(n % 2 ? "GET" : "POST", `known-${n}`), 200);
  assert.deepEqual((await upstreams()).map(({ attempts }) => attempts), before);

  // Back within a probe's interval, whatever is left of their circuits' ten seconds.
  const back = performance.now();
  hangs.child.kill("SIGCONT");
  const risen = await target("ok", port);
  const gotRequests = async (one) => (await told(one, "seen")).some(([id]) => id?.startsWith("back"));
  await until("both get requests again", async () => {
    assert.equal(await ask("GET", "back"), 200);
    await new Promise((resume) => setTimeout(resume, 100));
    return (await gotRequests(hangs)) && (await gotRequests(risen));
  });
  const took = performance.now() - back;
  assert.ok(took < 2_500, `one interval and the machine's own time, not ${took} ms`);
  for (let n = 0; n < 12; n += 1) assert.equal(await ask("POST", `after-${n}`), 200);
  agent.destroy();

  const done = (await Promise.all([hangs, risen, moody].map((one) => told(one, "seen")))).flat();
  for (const [id, status] of [...posts, ...Array.from({ length: 12 }, (_, n) => [`after-${n}`, 200])]) {
    const bodies = done.filter(([other, answered]) => other === id && answered === 200).map(([, , body]) => body);
    // One that hung may carry out later what nobody waits for any more.
    if (status === 200 || bodies.length > 0) assert.deepEqual(bodies, [`body ${id}`], id);
  }
});
