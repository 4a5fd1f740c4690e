// An upstream that answers each request with the request itself, byte for byte, as a text. A vtc server sees only the first of
// several fields of one name; here a client can look at all that the gateway sent.

import { createServer } from "node:net";

/** Starts it; `host` is its address. */
export async function startEcho() {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let came = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      came = Buffer.concat([came, bytes]);
      for (let length = whole(came); length !== null; length = whole(came)) {
        const request = came.subarray(0, length);
        came = came.subarray(length);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`);
        socket.write(request);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { host: `127.0.0.1:${server.address().port}`, stop };
}

/** Length of the first request in `bytes`; `null` while it is not all there. */
function whole(bytes) {
  const text = bytes.toString("latin1");
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head < 4) return null;
  const fields = text.slice(0, head).toLowerCase();
  if (/^transfer-encoding:/m.test(fields)) {
    const body = text.slice(head - 2);
    const end = /\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(body);
    return end === null ? null : head - 2 + end.index + end[0].length;
  }
  const length = head + Number(/^content-length: *(\d+)/m.exec(fields)?.[1] ?? 0);
  return text.length < length ? null : length;
}
