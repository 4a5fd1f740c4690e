// Makes the program of the built dashboard small for the way (docs/performance.md): what is exported for classes that nobody
// uses goes, names between JavaScript and WASM become short, wasm-opt does its work, and functions that are alike come to stand
// beside each other, where compression finds what they share. What the page checks by a checksum gets its new one.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const named = (end) => {
  const [name, ...others] = readdirSync(folder).filter((name) => name.endsWith(end));
  if (!name || others.length > 0) throw new Error(`the built dashboard must have one file *${end}`);
  return name;
};
const [PROGRAM, GLUE] = [named("_bg.wasm"), named(".js")];

// --- Reading and writing WASM's sections.

const IMPORTS = 2;
const EXPORTS = 7;
const CODE = 10;

class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at });
  }
  get ended() {
    return this.at >= this.bytes.length;
  }
  number() {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  piece() {
    return this.take(this.number());
  }
  list(read) {
    return Array.from({ length: this.number() }, read);
  }
}

function number(value) {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
const piece = (bytes) => Buffer.concat([number(bytes.length), bytes]);
const list = (items) => Buffer.concat([number(items.length), ...items]);

/** The sections, as [kind, content]. */
function sections(wasm) {
  const reader = new Reader(wasm, 8);
  const found = [];
  while (!reader.ended) found.push([reader.take(1)[0], reader.piece()]);
  return found;
}
const written = (wasm, found) => Buffer.concat([wasm.subarray(0, 8), ...found.flatMap(([kind, content]) => [Buffer.from([kind]), piece(content)])]);

/** What is imported after its name: a function's type; tables, memories and globals are the program's own. */
function imported(reader) {
  const [module, name] = [reader.piece(), reader.piece().toString()];
  const [kind] = reader.take(1);
  if (kind !== 0) throw new Error(`${name} is imported and is no function`);
  return { module, name, type: reader.number() };
}
function exported(reader) {
  return { name: reader.piece().toString(), kind: reader.take(1), index: reader.number() };
}

/** Keeps the exports that are used, and names imports and exports anew. */
function renamed(wasm, used, short) {
  const change = ([kind, content]) => {
    const reader = new Reader(content);
    if (kind === IMPORTS) {
      const all = reader.list(() => imported(reader));
      return [kind, list(all.map(({ module, name, type }) => Buffer.concat([piece(module), piece(Buffer.from(short(name))), Buffer.from([0]), number(type)])))];
    }
    if (kind === EXPORTS) {
      const kept = reader.list(() => exported(reader)).filter(({ name }) => used(name));
      return [kind, list(kept.map(({ name, kind, index }) => Buffer.concat([piece(Buffer.from(short(name))), kind, number(index)])))];
    }
    return [kind, content];
  };
  return written(wasm, sections(wasm).map(change));
}

function names(wasm) {
  const of = (wanted, read) => sections(wasm).flatMap(([kind, content]) => {
    const reader = new Reader(content);
    return kind === wanted ? reader.list(() => read(reader).name) : [];
  });
  return [...of(IMPORTS, imported), ...of(EXPORTS, exported)];
}

// --- The JavaScript beside it, as wasm-bindgen writes it.

/** Without comments and indentation, and without classes that the program exports for others. */
function shortened(glue) {
  const short = glue
    .replace(/^export class (\w+) \{\n[^]*?^\}\n(?:if \(Symbol\.dispose\) \1\..*\n)?/gm, "")
    .replace(/^const \w+Finalization = [^]*?;\n/gm, "")
    .replace(/^\s*\/\*\*[^]*?\*\/\n/gm, "")
    .replace(/^\s*\/\/.*\n/gm, "")
    .replace(/^\s+/gm, "");
  if (/Finalization\b/.test(short)) throw new Error("a class of the program is used after all");
  return short;
}

// --- The order of functions.

/** Bytes that make a piece of a function, and how many functions may have a piece in common until it says nothing. */
const PIECE = 3;
const COMMON = 3_000;

function pieces(body) {
  const found = new Set();
  for (let at = 0; at + PIECE <= body.length; at++) {
    let hash = 0x811c9dc5;
    for (let n = 0; n < PIECE; n++) hash = Math.imul(hash ^ body[at + n], 0x01000193);
    found.add(hash);
  }
  return found;
}

/** Begins with the smallest, and goes on with the one that is most like the last. */
function orderByLikeness(bodies) {
  const has = bodies.map(pieces);
  const holders = new Map();
  for (const [index, found] of has.entries()) {
    for (const hash of found) holders.get(hash)?.push(index) ?? holders.set(hash, [index]);
  }
  const bySize = [...bodies.keys()].sort((one, other) => bodies[one].length - bodies[other].length);
  const left = new Set(bySize);
  const order = [];
  for (let at = bySize[0]; at !== undefined; ) {
    order.push(at);
    left.delete(at);
    const shared = new Map();
    for (const hash of has[at]) {
      const others = holders.get(hash);
      if (others.length > COMMON) continue;
      for (const other of others) if (left.has(other)) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    let [best, most] = [undefined, 0];
    for (const [other, count] of shared) {
      const likeness = count / (has[at].size + has[other].size - count);
      if (likeness > most) [best, most] = [other, likeness];
    }
    // Sets keep their order: the smallest that is left.
    at = best ?? left.values().next().value;
  }
  return order;
}

/** The text of a module with its functions in another order. References are by name. */
function reordered(text, order) {
  const [head, ...functions] = text.split(/^(?= \(func )/m);
  const end = functions.at(-1).lastIndexOf("\n)") + 1;
  const tail = functions.at(-1).slice(end);
  functions.push(functions.pop().slice(0, end));
  if (functions.length !== order.length) throw new Error("the module's text has not the functions that its code has");
  return head + order.map((index) => functions[index]).join("") + tail;
}

function bodies(wasm) {
  const [, code] = sections(wasm).find(([kind]) => kind === CODE);
  const reader = new Reader(code);
  return reader.list(() => reader.piece());
}

// ---

const path = (name) => join(folder, name);
const tool = (...args) => execFileSync("wasm-opt", args, { stdio: "pipe", encoding: "utf8" });

let wasm = readFileSync(path(PROGRAM));
let glue = shortened(readFileSync(path(GLUE), "utf8"));
const used = (name) => new RegExp(`\\bwasm\\.${name}\\b`).test(glue);
const shortNames = new Map(names(wasm).filter((name) => name !== "memory").map((name, index) => [name, `$${index.toString(36)}`]));
wasm = renamed(wasm, used, (name) => shortNames.get(name) ?? name);
glue = glue.replace(/\w+/g, (word) => shortNames.get(word) ?? word);

const [small, text] = [path("small.wasm"), path("small.wat")];
writeFileSync(path(PROGRAM), wasm);
// No inlining beyond what the compiler did: it makes the file larger once compressed.
const SMALL = ["-Oz", "-aimfs", "0", "-fimfs", "0", "-ocimfs", "0"];
tool(...SMALL, path(PROGRAM), "-o", small);
tool(small, "-S", "-o", text);
writeFileSync(text, reordered(readFileSync(text, "latin1"), orderByLikeness(bodies(readFileSync(small)))), "latin1");
// A text does not say which features the program was compiled for, and more of them would not be every browser's.
const features = tool(small, "--print-features").split("\n").filter(Boolean);
// A second time it finds half a percent more, a third time nothing; functions stay where they are.
tool(...features, ...SMALL, "--code-folding", text, "-o", path(PROGRAM));
writeFileSync(path(GLUE), glue);
for (const file of [small, text]) rmSync(file);

let page = readFileSync(path("index.html"), "utf8");
const checksum = `sha384-${createHash("sha384").update(readFileSync(path(GLUE))).digest("base64")}`;
// Browsers check no checksum of what is fetched ahead for `fetch`, and say so on the console.
for (const [name, integrity] of [[PROGRAM, ""], [GLUE, ` integrity=${checksum}`]]) {
  const known = new RegExp(`(${name}) integrity=sha384-[\\w+/=]+`);
  if (!known.test(page)) throw new Error(`the built page names no checksum of ${name}: did trunk change how it writes links?`);
  page = page.replace(known, `$1${integrity}`);
}
writeFileSync(path("index.html"), page);
