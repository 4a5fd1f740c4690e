// Use case 3: figures, the log with its filters, exports, days and hours.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adminCurl, clientCall, curl, curlLines } from "../support/curl.mjs";
import { openAiRoutes } from "../support/routes.mjs";
import { stage } from "../support/stage.mjs";

let admin;
const body = { model: "gpt-3.5-turbo", messages: [{ role: "user", content: "Hi" }] };

async function prepare({ gateway, upstreams }) {
  admin = adminCurl(gateway);
  await openAiRoutes(gateway, upstreams.A);
  const { key_value } = await gateway.key({ source_path: "reports" });
  const call = (more) => clientCall(gateway, key_value, "/v1/chat/completions", { ...body, ...more });
  for (let n = 0; n < 6; n += 1) await curl("-X", "POST", ...call());
  for (let n = 0; n < 2; n += 1) await curlLines("-X", "POST", ...call({ stream: true }));
  for (const status of [404, 500]) await curl("-X", "POST", ...call({ model: `error-${status}` }));
  // The last request's record is the last one to be written.
  await gateway.record("status_code=500");
}

stage({ prepare });

describe("reports", () => {
  it("give the success rate and the mean response time", async () => {
    const answer = await admin("/metrics");
    assert.equal(answer.status, 200);
    const { success_rate, avg_response_time, total_requests, total_errors, ...rest } = answer.json();
    assert.equal(total_requests, 10);
    assert.equal(total_errors, 2);
    assert.equal(success_rate, 80);
    assert.ok(avg_response_time > 0);
    for (const name of ["active_api_keys", "active_routes", "last_hour_requests"]) assert.equal(typeof rest[name], "number", name);
    assert.equal(rest.active_routes, 1);
    assert.equal(rest.active_api_keys, 1);
    assert.equal(rest.last_hour_requests, 10);
  });

  it("list the newest requests first", async () => {
    const { items, total } = (await admin("/logs?limit=10&order=desc")).json();
    assert.equal(items.length, 10);
    assert.equal(total, 10);
    assert.deepEqual(items.slice(0, 3).map((item) => item.status_code), [500, 404, 200]);
    for (const { path, status_code, response_time_ms } of items) {
      assert.equal(path, "/v1/chat/completions");
      assert.equal(typeof status_code, "number");
      assert.ok(response_time_ms > 0);
    }
  });

  it("filter by time, status and stream", async () => {
    const { items } = (await admin("/logs?start_time=2024-01-01&end_time=2030-01-31&status_code=200&is_stream=true")).json();
    assert.equal(items.length, 2);
    for (const item of items) {
      assert.equal(item.is_stream, true);
      assert.equal(item.status_code, 200);
      assert.ok(item.stream_chunks > 0);
    }
    assert.deepEqual((await admin("/logs?end_time=2024-01-01")).json().items, []);
  });

  it("export the fields asked for as CSV", async () => {
    const answer = await admin("/logs/export?format=csv&fields=method,path,status_code,response_time_ms");
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-type"][0], /^text\/csv/);
    const [head, ...rows] = answer.body.trimEnd().split(/\r?\n/);
    assert.equal(head, "method,path,status_code,response_time_ms");
    assert.equal(rows.length, 10);
    for (const row of rows) assert.match(row, /^POST,\/v1\/chat\/completions,(200|404|500),\d+(\.\d+)?$/);
  });

  it("export as JSON, as JSON lines and as a workbook", async () => {
    assert.equal((await admin("/logs/export?format=json&fields=path")).json().length, 10);
    const lines = (await admin("/logs/export?format=ndjson&fields=path,status_code")).body.trimEnd().split("\n");
    assert.equal(lines.length, 10);
    assert.deepEqual(Object.keys(JSON.parse(lines[0])).sort(), ["path", "status_code"]);
    assert.ok((await admin("/logs/export?format=xlsx&fields=path")).body.startsWith("PK"));
  });

  it("count by day and by hour", async () => {
    for (const [path, length, name] of [["/metrics/daily?days=7", 7, "day"], ["/metrics/hourly?hours=24", 24, "hour"]]) {
      const buckets = (await admin(path)).json();
      assert.equal(buckets.length, length);
      assert.deepEqual(buckets.map((bucket) => bucket[name]), buckets.map((bucket) => bucket[name]).sort(), "oldest first");
      // Between two hours the requests may lie in both.
      const last = buckets.slice(-2);
      const sum = (field) => last.reduce((total, bucket) => total + bucket[field], 0);
      assert.equal(sum("total_requests"), 10);
      assert.equal(sum("errors"), 2);
      assert.equal(buckets[0].total_requests, 0);
      for (const field of ["success_rate", "avg_response_time", "p95_response_time", "avg_ttfb", "bytes_in", "bytes_out"]) {
        assert.equal(typeof last[1][field], "number", field);
      }
    }
  });
});
