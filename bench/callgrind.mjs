// Instructions of a program's functions and threads, as valgrind's callgrind wrote them down.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The costs of one thread: `total` instructions, and `inclusive`, those of each function with all that it called.
 * A function that calls itself is counted once for each level.
 */
function costs(text) {
  const names = new Map();
  const inclusive = new Map();
  let total = 0;
  let current;
  let called = false;
  const named = (value) => {
    const [, id, name] = /^\((\d+)\)(?: (.*))?$/.exec(value);
    if (name !== undefined) names.set(id, name);
    return names.get(id);
  };
  const add = (cost) => inclusive.set(current, (inclusive.get(current) ?? 0) + cost);
  for (const line of text.split("\n")) {
    if (line.startsWith("fn=")) current = named(line.slice(3));
    else if (line.startsWith("cfn=")) named(line.slice(4));
    else if (line.startsWith("calls=")) called = true;
    else if (/^[+\-*\d]/.test(line)) {
      const cost = Number(line.slice(line.lastIndexOf(" ") + 1));
      add(cost);
      // What a call cost belongs to the function that was called as well, and is counted there.
      if (!called) total += cost;
      called = false;
    }
  }
  return { total, inclusive };
}

/** The costs of all threads of a run with `--separate-threads=yes --callgrind-out-file=<folder>/callgrind`. */
export const threads = (folder) =>
  readdirSync(folder)
    .filter((name) => /^callgrind-\d+$/.test(name))
    .map((name) => costs(readFileSync(join(folder, name), "utf8")));
