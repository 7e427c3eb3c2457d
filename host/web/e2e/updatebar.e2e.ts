import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld, type World } from "./harness/world";

const browser = withBrowser();
const peer = (codeVersion: string) => ["--protocol", "0.15.0", "--declare", "--code-version", codeVersion];

describe("The bar on top of every page", () => {
  const configuration = (made: World, more = "") => `locations:\n  - {name: etl, address: "${made.addressOf("etl")}"}\n${more}`;
  const world = withWorld({ locations: ["etl"], config: (made) => configuration(made) });

  test("tells of a location that fails and what to do; put away it stays away until it happens anew", async () => {
    let etl = await world.serve("etl", "peerserver", ...peer("v1"));
    const page = await browser.open(world.url("/runs"));
    const bar = page.getByRole("status").filter({ hasText: "etl" });
    await etl.kill();
    await see(bar.getByText("Code location etl: stale"));
    await seeText(bar, /refuses connections/);
    await seeText(bar, /Start the user-code server/);
    await see(bar.getByLabel("Warning"));
    await page.getByRole("button", { name: "Dismiss: Code location etl: stale" }).click();
    await seeNone(page.getByText("Code location etl: stale"));
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Jobs" }).click();
    await see(page.getByText("It does not answer; its last known jobs are shown."));
    await seeNone(page.getByText("Code location etl: stale"));

    etl = await world.listen("etl", "peerserver", ...peer("v1"));
    await seeNone(page.getByText("It does not answer; its last known jobs are shown."));
    await etl.kill();
    await see(page.getByText("Code location etl: stale"));
    await page.getByRole("link", { name: "Open Deployment" }).click();
    await seeAddress(page, /^\/deployment#etl$/);

    await world.listen("etl", "peerserver", ...peer("v2"));
    await seeNone(page.getByText("Code location etl: stale"));
    await see(page.getByText("Code location etl was updated"));
    await see(page.getByText(/code version v1 → v2/));
  });

  test("tells of a configuration file that cannot be used, with the place, until it is corrected", async () => {
    const page = await browser.open(world.url("/deployment"));
    await see(page.getByRole("group", { name: "Configuration file" }));
    world.configure(configuration(world, "qeue: {}\n"));
    await see(page.getByText("The configuration file has an error"));
    const mistakes = page.getByRole("region", { name: "Mistakes in the configuration file" });
    await seeText(mistakes, /3:1/);
    await seeText(mistakes, /qeue/);
    await lookAt(page, "updatebar-config-1280");
    await page.getByRole("button", { name: "Copy the mistakes" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("qeue");
    world.configure(configuration(world));
    await seeNone(mistakes);
    await seeNone(page.getByText("The configuration file has an error"));
  });
});

// One deploy for both widths: what an old server said counts for a minute, which is the time that the test takes.
describe("The bar during a deploy", () => {
  const location = "rolling";
  const world = withWorld({ locations: [location] });

  test("tells of servers behind one address, and of a drain", async () => {
    const balancer = await world.balance(location);
    const old = await world.replica(balancer, "first", "--drain", "60s");
    await world.hasState(location, "READY");
    const views = await Promise.all([1280, 400].map(async (width) => {
      const page = await browser.open(world.url(`/deployment#${location}`), { width });
      return { width, page, card: page.locator(`#location-${location}`) };
    }));
    for (const { card } of views) await see(card.getByText("Ready", { exact: true }));
    const [started, open, config] = ["started", "open", "config.yaml"].map((name) => path.join(world.dir, `${location}-${name}`)) as [string, string, string];
    writeFileSync(config, JSON.stringify({ config: { gate: { started, open, lines: 1 } } }));
    const run = await world.launch(`${location}/tests/gated`, "--config", config);
    await expect.poll(() => existsSync(started), soon).toBe(true);

    await world.replica(balancer, "second");
    for (const { page, card } of views) {
      await see(card.getByText("Mixed", { exact: true }));
      await see(page.getByText(`A deploy of code location ${location} is under way`));
      await see(page.getByText(/code version second \(in use\) and first/));
      await expect.poll(() => card.getByRole("region", { name: "Servers" }).getByRole("row").count(), soon).toBe(3);
      await see(page.getByText(`Code location ${location} was updated`));
    }

    old.terminate();
    for (const { width, page, card } of views) {
      await see(card.getByText(/^waits for 1 run until/));
      await lookAt(page, `updatebar-deploy-${width}`);
    }

    writeFileSync(open, "");
    await world.hasStatus(run, "SUCCESS");
    balancer.remove(0);
    // The minute; then the deploy is over.
    for (const { page, card } of views) {
      await card.getByText("Mixed", { exact: true }).waitFor({ state: "hidden", timeout: 80_000 });
      await seeNone(page.getByText("A deploy of code location rolling is under way"));
    }
  }, 150_000);
});
