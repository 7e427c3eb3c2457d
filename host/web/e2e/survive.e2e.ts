import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { see, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["code"] });
const browser = withBrowser();
// What the browser itself says while nobody answers.
const gone = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_EMPTY_RESPONSE/, /ERR_SOCKET_NOT_CONNECTED/, /status of 503/];

beforeAll(async () => {
  await world.serve("code", "testcode");
});

describe("the host, killed with -9 in the middle of a run", () => {
  test("is back, the page recovers by itself, and every event is there once", async () => {
    const lines = 40;
    const [started, gate, config] = ["started", "open", "config.yaml"].map((name) => path.join(world.dir, name)) as [string, string, string];
    writeFileSync(config, JSON.stringify({ config: { gate: { started, open: gate, lines } } }));
    const id = await world.launch("gated", "--config", config);
    await expect.poll(() => existsSync(started), soon).toBe(true);
    const page = await browser.open(world.url(`/runs/${id}`), { expected: gone });
    const events = page.getByRole("region", { name: "Events" }).last();
    await see(events.getByText(`before line=${lines - 1}`, { exact: true }));
    await page.evaluate(() => { document.body.dataset.loaded = "once"; });

    await world.killHost();
    await see(page.getByText("Could not follow the events; trying again"));
    await seeText(page.locator("main"), /The host does not answer/);
    // The worker goes on and ends while nobody listens.
    writeFileSync(gate, "");
    await world.startHost();

    await see(page.locator("h1").getByText("Success"));
    await see(page.getByText("2 of 2 ops ended"));
    await page.getByText("Could not follow the events; trying again").waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.body.dataset.loaded), "the page was not loaded again").toBe("once");

    const text = page.getByRole("searchbox", { name: "Text in events" });
    await text.fill("before");
    await see(page.getByText(new RegExp(`^${lines} of \\d+ events$`)));
    await text.fill("");
    // The list renders only what is in sight. By the API all are there, each once and in order; the page has as many.
    const all = await world.eventSeqs(id);
    const ofWorker = all.filter((seq) => seq > 0);
    expect(ofWorker).toEqual(ofWorker.map((_, index) => index + 1));
    expect(ofWorker.length).toBeGreaterThan(2 * lines);
    await see(page.getByText(`${all.length} events`, { exact: true }));

    // Everything else on the page works again too.
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs" }).click();
    await see(page.getByRole("row").filter({ has: page.getByTitle(id) }).getByText("Success"));
  });
});
