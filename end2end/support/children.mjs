// Child processes of the tests: started here, ended by their pid, none left behind.

import { spawn } from "node:child_process";
import { once } from "node:events";

const running = new Map();

process.on("exit", () => {
  for (const [child, signal] of running) child.kill(signal);
});

/** Starts a program; it is ended at the latest when this process ends, then by `lastSignal`. */
export function start(command, args, { lastSignal = "SIGKILL", ...options } = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  running.set(child, lastSignal);
  child.on("exit", () => running.delete(child));
  return child;
}

/** Asks a child to end, and waits for it; after `patience` milliseconds it is killed. Returns its exit code. */
export async function end(child, signal = "SIGTERM", patience = 10_000) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(signal);
  const killer = setTimeout(() => child.kill("SIGKILL"), patience);
  const [code] = await exit;
  clearTimeout(killer);
  return code;
}

/** Runs a program to its end: its exit code and what it wrote. */
export async function run(command, args, options = {}) {
  const child = start(command, args, options);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes) => (stdout += bytes));
  child.stderr.on("data", (bytes) => (stderr += bytes));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** Waits until `condition` gives something true, and returns it; after `patience` milliseconds it throws. */
export async function until(what, condition, patience = 10_000) {
  const deadline = performance.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}
