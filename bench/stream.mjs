// Reads a paced stream and says how its chunks came.

import { request } from "node:http";
import { median } from "./report.mjs";

const BODY = JSON.stringify({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Hi" }],
  stream: true,
  metadata: { chunks: "50", gap_ms: "20" },
});

/** The median time between two chunks of 50 that the upstream sends 20 ms apart, ms. */
export async function gaps(url, key) {
  const times = await new Promise((resolve, reject) => {
    const times = [];
    const call = request(url, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-length": Buffer.byteLength(BODY) } }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${url}: ${answer.statusCode}`));
      answer.on("data", () => times.push(performance.now()));
      answer.on("end", () => resolve(times));
      answer.on("error", reject);
    });
    call.on("error", reject);
    call.end(BODY);
  });
  if (times.length < 50) throw new Error(`${url}: chunks came together, ${times.length} pieces`);
  return median(times.slice(1, 50).map((time, index) => time - times[index]));
}
