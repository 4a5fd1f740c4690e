// Draws what `perf script` tells (standard input) as a flame graph (standard output): each box is a function, as wide as the
// share of samples in which it was on the stack, above the one that called it.
//   perf record -e cpu-clock -F 1500 -g -p PID -- sleep 5; perf script | node bench/flame.mjs > flame.svg

import { readFileSync } from "node:fs";

const WIDTH = 1200;
const ROW = 15;
/** Narrower boxes are left out, px. */
const LEAST = 3;

/** `crate::module::function`, without parameters of types. */
function short(name) {
  const plain = name.replace(/<[^<>]*>/g, "").replace(/<[^<>]*>/g, "").replace(/\{+(?:closure|impl|shim|async)[^{}]*\}+/g, "{}").replace(/\+0x[0-9a-f]+$/, "");
  return plain.replace(/^.*?((?:\w+::)?[\w{}]+(?:::\{\})*)$/, "$1");
}

/** The samples as a tree, below the names of the threads. */
function tree(text) {
  const root = { count: 0, below: new Map() };
  for (const sample of text.split("\n\n")) {
    const [head, ...frames] = sample.trim().split("\n");
    if (!head || frames.length === 0) continue;
    const thread = head.trim().split(/\s+/)[0].replace(/-\d+$/, "");
    const stack = frames.map((frame) => short(frame.trim().replace(/^[0-9a-f]+ /, "").replace(/ \([^()]*\)$/, "")));
    let node = root;
    node.count += 1;
    for (const name of [thread, ...stack.reverse()]) {
      if (!node.below.has(name)) node.below.set(name, { count: 0, below: new Map() });
      node = node.below.get(name);
      node.count += 1;
    }
  }
  return root;
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The boxes of a node and of those above it. */
function boxes(node, { x, depth, scale }, into) {
  let left = x;
  for (const [name, child] of [...node.below].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const width = child.count * scale;
    if (width >= LEAST) {
      into.push({ name, x: left, width, depth });
      boxes(child, { x: left, depth: depth + 1, scale }, into);
    }
    left += width;
  }
}

const root = tree(readFileSync(0, "utf8"));
const drawn = [];
boxes(root, { x: 0, depth: 0, scale: WIDTH / root.count }, drawn);
const height = (Math.max(...drawn.map((box) => box.depth)) + 1) * ROW;
const colour = (name) => `hsl(${[...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 50, 7)} 85% 68%)`;
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">`);
for (const { name, x, width, depth } of drawn) {
  const y = height - (depth + 1) * ROW;
  const text = width > 25 ? `<text x="${(x + 2).toFixed(0)}" y="${y + 11}">${escaped(name.slice(0, Math.floor(width / 6.2)))}</text>` : "";
  console.log(`<g><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(name)}"><title>${escaped(name)}</title></rect>${text}</g>`);
}
console.log("</svg>");
