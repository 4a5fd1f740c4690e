// Use case 7: listing, changing, toggling, testing, deleting; health, figures, the log file.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run, start, until } from "../support/children.mjs";
import { WAYS, adminCurl, clientCall, curl, post, put } from "../support/curl.mjs";
import { stage } from "../support/stage.mjs";
import { startUpstream } from "../support/upstream.mjs";

const here = stage();
const chat = { model: "gpt-3.5-turbo", messages: [{ role: "user", content: "Hi" }] };

const newRoute = async (admin, path, fields = {}) => {
  const route = { route_name: `House ${path}`, match_path: `${path}/*`, target_host: here.upstreams.A.host, target_path: "/v1/chat/completions", target_protocol: "http", ...fields };
  const answer = await admin("/routes", ...post(route));
  assert.equal(answer.status, 201, answer.body);
  return answer.json().route_id;
};

for (const [index, way] of WAYS.entries()) {
  describe(`keeping house with ${way.name}`, () => {
    it("lists keys of a source, and deletes one", async () => {
      const { gateway } = here;
      const admin = adminCurl(gateway, way);
      const source = `house-${index}`;
      await admin("/keys", ...post({ source_path: `other-${index}` }));
      const { key_id, key_value } = (await admin("/keys", ...post({ source_path: source }))).json();

      const list = await admin(`/keys?source_path=${source}&is_active=true`);
      assert.deepEqual(list.json().map((key) => key.key_id), [key_id]);
      assert.equal(list.headers["x-total-count"][0], "1");
      assert.ok(!list.body.includes(key_value));
      assert.deepEqual((await admin(`/keys?source_path=${source}&is_active=false`)).json(), []);

      assert.match(String((await admin(`/keys/${key_id}`, "-X", "DELETE")).status), /^20[04]$/);
      assert.deepEqual((await admin(`/keys?source_path=${source}&is_active=true`)).json(), []);
      assert.equal((await curl(...clientCall(gateway, key_value, "/anything"))).status, 401);
    });

    it("changes, toggles and tests a route", async () => {
      const { gateway, upstreams } = here;
      const admin = adminCurl(gateway, way);
      const { key_value } = await gateway.key();
      const path = `/house${index}`;
      const id = await newRoute(admin, path);
      const status = async () => (await curl("-X", "POST", ...clientCall(gateway, key_value, `${path}/chat`, chat))).status;
      assert.equal(await status(), 200);

      const changed = await admin(`/routes/${id}`, ...put({ priority: 7, description: "changed" }));
      assert.equal(changed.status, 200, changed.body);
      const { priority, description, target_host } = changed.json();
      assert.deepEqual({ priority, description, target_host }, { priority: 7, description: "changed", target_host: upstreams.A.host });

      const off = await admin(`/routes/${id}/toggle`, "-X", "POST");
      assert.equal(off.status, 200, off.body);
      assert.equal(off.json().is_active, false);
      assert.equal(await status(), 404);
      assert.equal((await admin(`/routes/${id}/toggle`, ...post({ is_active: true }))).json().is_active, true);
      assert.equal(await status(), 200);

      const test = await admin(
        `/routes/${id}/test`,
        ...post({ test_method: "POST", test_path: `${path}/chat`, test_headers: { "X-Test": "yes" }, test_body: chat, timeout: 10 }),
      );
      assert.equal(test.status, 200, test.body);
      const result = test.json();
      assert.equal(result.success, true);
      assert.equal(result.matched, true);
      assert.equal(result.status_code, 200);
      assert.equal(result.target_url, `${upstreams.A.url}/v1/chat/completions`);
      assert.ok(result.response_time_ms > 0);
      assert.ok(result.response_body.includes("chat.completion"));
      assert.equal(upstreams.A.last.headers["x-test"], "yes");

      assert.match(String((await admin(`/routes/${id}`, "-X", "DELETE")).status), /^20[04]$/);
      assert.equal(await status(), 404);
    });
  });
}

describe("health and figures", () => {
  it("are open to this machine", async () => {
    const { gateway } = here;
    const health = (await curl(`${gateway.url}/health`)).json();
    assert.equal(health.status, "healthy");
    assert.match(health.version, /^\d+\.\d+\.\d+/);
    assert.equal(typeof health.uptime_seconds, "number");
    for (const path of ["/health/live", "/health/ready"]) assert.equal((await curl(gateway.url + path)).status, 200);
    const metrics = await curl(`${gateway.url}/metrics`);
    assert.equal(metrics.status, 200);
    assert.match(metrics.headers["content-type"][0], /^text\/plain/);
    assert.match(metrics.body, /^# TYPE /m);
    assert.match(metrics.body, /build_info\{/);
  });

  it("stay closed without the token where they must", async () => {
    const { gateway } = here;
    for (const path of ["/admin/keys", "/admin/routes", "/admin/logs", "/admin/metrics", "/admin/keys?token=wrong-token-0123456789"]) {
      const answer = await curl(gateway.url + path);
      assert.equal(answer.status, 401, path);
      assert.match(answer.headers["content-type"][0], /^application\/problem\+json/);
    }
  });
});

describe("the log file", () => {
  it("can be followed: tail -f logs/fastgate.log | grep 'Request forwarded'", async () => {
    const { gateway } = here;
    const admin = adminCurl(gateway);
    await newRoute(admin, "/tail");
    const { key_value } = await gateway.key();
    const follower = start("sh", ["-c", 'tail -n 0 -f logs/fastgate.log & echo $!; wait'], { cwd: gateway.folder });
    let lines = "";
    follower.stdout.on("data", (bytes) => (lines += bytes));
    const tail = Number(await until("tail runs", () => /^(\d+)\n/.exec(lines)?.[1]));
    try {
      const line = await until("the line of the request", async () => {
        await curl("-X", "POST", ...clientCall(gateway, key_value, "/tail/chat", chat));
        return lines.split("\n").find((line) => line.includes("Request forwarded") && line.includes("/tail/chat"));
      });
      assert.ok(JSON.parse(line).response_time_ms > 0, line);
    } finally {
      process.kill(tail);
    }
  });

  it("shows failures: grep ERROR logs/fastgate.log", async () => {
    const { gateway } = here;
    const gone = await startUpstream();
    await gone.stop();
    await newRoute(adminCurl(gateway), "/gone", { target_host: gone.host, retry_count: 0 });
    const { key_value } = await gateway.key();
    const answer = await curl("-X", "POST", ...clientCall(gateway, key_value, "/gone/chat", chat));
    assert.equal(answer.status, 502);
    const id = answer.headers["x-request-id"][0];
    const lines = await until("the line of the failure", async () => {
      const { stdout } = await run("grep", ["ERROR", "logs/fastgate.log"], { cwd: gateway.folder });
      return stdout.split("\n").filter((line) => line.includes(id)).join("\n");
    });
    assert.equal(lines.split("\n").length, 1);
    assert.equal(JSON.parse(lines).level, "ERROR");
  });
});
