import { createServer } from "node:net";

// Below what the system gives to outgoing connections, so that a port stays free while its server is restarted. The
// processes of the test runner take every second one each.
const lowest = 12_000;
const span = 18_000;
const lanes = 2;
const lane = (Number(process.env.VITEST_POOL_ID ?? "1") - 1) % lanes;
let next = Math.floor(Math.random() * (span / lanes));

/** A port of 127.0.0.1 that nobody listens on, and that this function never gives again. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    next = (next + 1) % (span / lanes);
    const port = lowest + next * lanes + lane;
    if (await isFree(port)) return port;
  }
  throw new Error("no free port in 200 tries");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => { resolve(false); });
    server.listen(port, "127.0.0.1", () => server.close(() => { resolve(true); }));
  });
}
