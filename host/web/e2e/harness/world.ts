import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { artifact } from "./artifacts";
import { Balancer } from "./balancer";
import { binary } from "./binaries";
import { freePort } from "./port";
import { endWorkers, Program } from "./process";
import { soon } from "./see";

const call = promisify(execFile);

/** User-code servers that a location may be. */
type Code = "tutorial" | "testcode" | "peerserver";

/** The test code before and after a deploy that changes it. */
type Edition = "first" | "second";

/** A host, its code locations, and a folder for what they write. */
export class World {
  /** Where the UI is, for example "http://127.0.0.1:12345". */
  origin = "";
  dir = "";
  private address = "";
  private host: Program | undefined;
  private readonly locations = new Map<string, string>();
  private readonly programs: Program[] = [];
  private readonly balancers: Balancer[] = [];
  private readonly options: WorldOptions;

  constructor(options: WorldOptions) {
    this.options = options;
  }

  /** Starts the host; again after killHost, at the same address with the same data. */
  async startHost(): Promise<void> {
    const args = this.options.config === undefined ? [...this.locations].flatMap(([name, address]) => ["--location", `${name}=${address}`]) : ["--config", this.configFile];
    this.host = this.start("penstock", ["serve", "--listen", this.address, "--data", path.join(this.dir, "data"), ...args, ...(this.options.args ?? [])], this.options.env);
    await this.host.says(/msg="the host serves"/);
  }

  /** Writes the host's configuration file, which the host follows. */
  configure(text: string): void {
    writeFileSync(this.configFile, text);
  }

  /** The address of a location. */
  addressOf(location: string): string {
    return this.locations.get(location) ?? "";
  }

  /** Ends the host as `kill -9` does. */
  async killHost(): Promise<void> {
    await this.host?.kill();
  }

  /** Starts a user-code server as a location, and waits until the host knows its jobs, or that it cannot use them. */
  async serve(location: string, code: Code, ...args: string[]): Promise<Program> {
    return this.serveWith(location, code, {}, ...args);
  }

  /** Like serve, with more environment of the server and its workers. */
  async serveWith(location: string, code: Code, env: Record<string, string>, ...args: string[]): Promise<Program> {
    const heard = this.host?.output.length ?? 0;
    const server = await this.listenAt(this.addressOf(location), code, env, args);
    await this.host?.says(new RegExp(`msg="definitions loaded" location=${location} |location=${location} state=(READY|INCOMPATIBLE|ERROR)`), heard);
    return server;
  }

  /** Starts a user-code server as a location, and waits until it listens. */
  async listen(location: string, code: Code, ...args: string[]): Promise<Program> {
    return this.listenAt(this.addressOf(location), code, {}, args);
  }

  /** Like serve, of the test code as it is before or after a deploy that changes it. */
  async serveEdition(location: string, edition: Edition): Promise<Program> {
    const heard = this.host?.output.length ?? 0;
    const server = await this.listenAt(this.addressOf(location), "testcode", { PENSTOCK_TEST_EDITION: edition }, ["--code-version", edition]);
    await this.host?.says(new RegExp(`msg="definitions loaded" location=${location} `), heard);
    return server;
  }

  /** Puts a balancer where a location is: what is started behind it with replica answers in turn. */
  async balance(location: string): Promise<Balancer> {
    const balancer = await Balancer.listen(this.addressOf(location));
    this.balancers.push(balancer);
    return balancer;
  }

  /** Starts a server of an edition of the test code behind a balancer. */
  async replica(balancer: Balancer, edition: Edition, ...args: string[]): Promise<Program> {
    const address = `127.0.0.1:${await freePort()}`;
    const server = await this.listenAt(address, "testcode", { PENSTOCK_TEST_EDITION: edition }, ["--code-version", edition, ...args]);
    balancer.add(address);
    return server;
  }

  /** What a command of the client prints with --json. */
  async cli<T>(...args: string[]): Promise<T> {
    const { stdout } = await this.client(...args);
    return JSON.parse(stdout) as T;
  }

  /** Launches a job and returns the run's id; the CLI waits for its end when --wait is among the arguments. */
  async launch(...args: string[]): Promise<string> {
    const { id } = await this.cli<{ id: string }>("run", "launch", ...args);
    return id;
  }

  /** Waits until the host says that a location is in a state. */
  async hasState(location: string, state: string): Promise<void> {
    await this.says(state, async () => (await this.cli<{ state: string }>("location", "show", location)).state);
  }

  /** Waits until a run has a status. */
  async hasStatus(run: string, status: string): Promise<void> {
    await this.says(status, async () => (await this.cli<{ status: string }>("run", "show", run)).status);
  }

  /** Waits until the host has stored a job's definition, which it shows a moment earlier. */
  async hasStored(job: string): Promise<void> {
    await this.says("stored", () => this.cli("job", "history", job).then(() => "stored", () => "nothing yet"));
  }

  /** The numbers of a run's events as the API has them, in order; 0 is an event of the host's own. */
  async eventSeqs(run: string): Promise<number[]> {
    const { stdout } = await this.client("run", "events", run);
    return stdout.trim().split("\n").map((line) => (JSON.parse(line) as { seq?: number }).seq ?? 0);
  }

  /** The address of a page of the UI. */
  url(pathname: string): string {
    return this.origin + pathname;
  }

  async begin(): Promise<void> {
    this.dir = mkdtempSync(path.join(tmpdir(), "penstock-e2e-"));
    mkdirSync(this.temporary);
    this.address = `127.0.0.1:${await freePort()}`;
    this.origin = `http://${this.address}`;
    for (const name of this.options.locations) this.locations.set(name, `127.0.0.1:${await freePort()}`);
    if (this.options.config !== undefined) this.configure(this.options.config(this));
    await this.startHost();
  }

  async end(log: string): Promise<void> {
    for (const program of this.programs) await endWorkers(program.output);
    for (const balancer of this.balancers) balancer.close();
    for (const program of this.programs) await program.stop();
    for (const program of this.programs) appendFileSync(artifact(log), `== ${program.name}\n${program.output}\n`);
    if (this.dir !== "") rmSync(this.dir, { recursive: true, force: true });
  }

  // Not expect.poll: that is for tests, and this for what comes before them, too.
  private async says(wanted: string, ask: () => Promise<string>): Promise<void> {
    let said = "";
    const until = Date.now() + soon.timeout;
    while (Date.now() < until) {
      said = await ask();
      if (said === wanted) return;
      await delay(soon.interval);
    }
    throw new Error(`the host says ${said}, not ${wanted}`);
  }

  private client(...args: string[]): Promise<{ stdout: string }> {
    return call(binary("penstock"), [...args, "--json"], { cwd: this.dir, env: { ...process.env, ...this.options.env, PENSTOCK_HOST: this.address } });
  }

  private get temporary(): string {
    return path.join(this.dir, "tmp");
  }

  private get configFile(): string {
    return path.join(this.dir, "penstock.yaml");
  }

  private async listenAt(address: string, code: Code, env: Record<string, string>, args: string[]): Promise<Program> {
    const server = this.start(code, [...(code === "peerserver" ? [] : ["serve"]), ...args, "--listen", address], env);
    await server.says(code === "peerserver" ? /listening on/ : /msg="serving definitions"/);
    return server;
  }

  private start(program: Code | "penstock", args: string[], env: Record<string, string> = {}): Program {
    // What user code keeps is of this world, too.
    const outputs = { PENSTOCK_OUTPUTS: path.join(this.dir, "outputs"), TMPDIR: this.temporary };
    const started = new Program(binary(program), args, { cwd: this.dir, env: { ...outputs, ...env } });
    this.programs.push(started);
    return started;
  }
}

interface WorldOptions {
  /** Names of code locations; their servers are started by serve. */
  locations: string[];
  /** The host's configuration file, which names the locations; without it they are flags. */
  config?: (world: World) => string;
  /** More flags of the host. */
  args?: string[];
  /** More environment of host and client. */
  env?: Record<string, string>;
}

/** A world for the tests of a file; it is there when the first test begins. */
export function withWorld(options: WorldOptions): World {
  const world = new World(options);
  beforeAll(() => world.begin());
  afterAll(() => world.end(`${path.basename(expect.getState().testPath ?? "test")}.log`));
  return world;
}
