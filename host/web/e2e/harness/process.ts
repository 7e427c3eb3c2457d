import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

// What was said to end gets this long before it is killed.
const graceMs = 10_000;
const patienceMs = 20_000;

/** A program that a test runs. It writes into output, both of its streams. */
export class Program {
  readonly name: string;
  output = "";
  private readonly child: ChildProcess;
  private readonly listeners = new Set<() => void>();
  private readonly ended: Promise<void>;

  constructor(binary: string, args: string[], { cwd, env = {} }: { cwd: string; env?: Record<string, string> }) {
    this.name = `${binary.split("/").at(-1) ?? binary} ${args.join(" ")}`;
    this.child = spawn(binary, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const take = (chunk: Buffer) => {
      this.output += chunk.toString("utf8");
      this.changed();
    };
    this.child.stdout?.on("data", take);
    this.child.stderr?.on("data", take);
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => {
        this.output += `\n${String(error)}\n`;
        this.changed();
        resolve();
      });
      this.child.once("exit", () => {
        this.changed();
        resolve();
      });
    });
  }

  /** Waits until the output matches; what it wrote before the offset does not count. */
  async says(pattern: RegExp, offset = 0): Promise<void> {
    const isSaid = () => pattern.test(this.output.slice(offset));
    if (isSaid()) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.listeners.delete(check);
        if (error === undefined) resolve();
        else reject(error);
      };
      const check = () => {
        if (isSaid()) finish();
        else if (this.hasEnded) finish(new Error(`${this.name} ended before it said ${String(pattern)}:\n${this.output}`));
      };
      const timer = setTimeout(() => { finish(new Error(`${this.name} never said ${String(pattern)}:\n${this.output}`)); }, patienceMs);
      this.listeners.add(check);
      check();
    });
  }

  /** Ends it as `kill -9` does. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Tells it to end in good order, and does not wait for that. */
  terminate(): void {
    if (!this.hasEnded) this.child.kill("SIGTERM");
  }

  /** Ends it in good order; kills it when that takes long. */
  async stop(): Promise<void> {
    this.terminate();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined;
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** Ends the workers whose start a user-code server logged: they outlive their server, as they should. */
export async function endWorkers(log: string): Promise<void> {
  const pids = [...log.matchAll(/msg="worker started".* pid=(\d+)/g)].map((match) => Number(match[1]));
  for (const pid of pids.filter(isWorker)) process.kill(pid, "SIGKILL");
  // They are no children of this process: only the process table says when they are gone.
  for (const until = Date.now() + graceMs; pids.some(isWorker) && Date.now() < until; ) await delay(10);
}

// By the time of asking a pid may be somebody else's.
function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("penstock-worker");
  } catch {
    return false;
  }
}
