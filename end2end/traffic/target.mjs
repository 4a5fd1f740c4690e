// An upstream as a process of its own: answers "ok"; with `alternate` 503 to every other request, with `refuse` to all; with `slow`
// after a second; `?size=` asks for so many bytes instead. `GET /seen` tells which requests it had, by their `x-call`, what it
// answered and the body that came with them; `GET /most` how many it had at once at most. Prints its host once it listens.
// usage: node target.mjs ok|alternate|refuse|slow [PORT]

import { createServer } from "node:http";

const [manner, port = "0"] = process.argv.slice(2);
const seen = [];
let [inside, most] = [0, 0];

function status() {
  if (manner === "refuse") return 503;
  return manner === "alternate" && seen.length % 2 === 1 ? 503 : 200;
}

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (bytes) => (body += bytes));
  request.on("end", () => {
    if (request.url === "/seen") return response.end(JSON.stringify(seen));
    if (request.url === "/most") return response.end(JSON.stringify(most));
    if (request.url === "/health") return response.end("well");
    inside += 1;
    most = Math.max(most, inside);
    response.on("close", () => (inside -= 1));
    response.statusCode = status();
    seen.push([request.headers["x-call"], response.statusCode, body]);
    if (manner === "slow") return setTimeout(() => response.end("ok"), 1000);
    const size = Number(new URL(request.url, "http://target").searchParams.get("size"));
    response.end(size ? Buffer.alloc(size) : "ok");
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
