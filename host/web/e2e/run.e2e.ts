import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { section, see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["code", "peer"] });
const browser = withBrowser();

beforeAll(async () => {
  await world.serve("code", "testcode");
  await world.serve("peer", "peerserver", "--protocol", "0.15.0", "--declare", "--hold");
});

/** Launches a run that waits for a file before it ends. */
async function launchGated(name: string, lines = 3): Promise<{ id: string; open: () => void }> {
  const started = path.join(world.dir, `${name}.started`);
  const gate = path.join(world.dir, `${name}.open`);
  const config = path.join(world.dir, `${name}.yaml`);
  writeFileSync(config, JSON.stringify({ config: { gate: { started, open: gate, lines } } }));
  const id = await world.launch("gated", "--config", config);
  await expect.poll(() => existsSync(started), soon).toBe(true);
  return { id, open: () => { writeFileSync(gate, ""); } };
}

describe("Run", () => {
  test("shows a run live: events and bars while it runs, then how it ended", async () => {
    const { id, open } = await launchGated("live");
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.locator("h1").getByText("Running"));
    const events = page.getByRole("region", { name: "Events" }).last();
    await expect.poll(() => events.getByText(/^before line=\d$/).count(), soon).toBe(3);
    const chart = page.getByRole("table", { name: "Ops over time" });
    await see(chart.getByRole("button", { name: "wait: Running" }));
    await see(chart.getByRole("button", { name: "count: Waiting" }));
    await see(page.getByText("0 of 2 ops ended"));
    expect(await events.getByText(/^after line=\d$/).count()).toBe(0);
    open();
    await see(page.locator("h1").getByText("Success"));
    await expect.poll(() => events.getByText(/^after line=\d$/).count(), soon).toBe(3);
    await see(page.getByText("2 of 2 ops ended"));
    expect(await events.getByText(/^before line=\d$/).count(), "each event once").toBe(3);
    await seeNone(page.getByRole("button", { name: "Cancel", exact: true }));
  });

  test("appears and changes on the Runs page without a reload", async () => {
    const page = await browser.open(world.url("/runs"));
    await see(page.getByRole("search", { name: "Filter runs" }));
    const { id, open } = await launchGated("list");
    const row = page.getByRole("row").filter({ has: page.getByTitle(id) });
    await see(row.getByText("Running"));
    open();
    await see(row.getByText("Success"));
  });

  test("asks before it cancels, and shows that the run was canceled", async () => {
    const { id } = await launchGated("cancel");
    const page = await browser.open(world.url(`/runs/${id}`));
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Cancel this run?" });
    await dialog.getByRole("button", { name: "Keep it running" }).click();
    await seeNone(dialog);
    await see(page.locator("h1").getByText("Running"));
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await see(page.locator("h1").getByText("Canceled"));
    await seeText(page.locator("main"), /asked for in the web UI/);
    await see(page.getByRole("table", { name: "Ops over time" }).getByRole("button", { name: "wait: Canceled" }));
  });

  test("cancels a run of another server's worker", async () => {
    const id = await world.launch("peer/tutorial/plain");
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.locator("h1").getByText("Running"));
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the run" }).click();
    await see(page.locator("h1").getByText("Canceled"));
  });

  test("shows why a run failed, and jumps to the first error", async () => {
    const id = await world.launch("failing");
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.locator("h1").getByText("Failure"));
    await see(page.locator("main").getByText(/no luck/).first());
    await seeText(page.locator("main"), /op fail: no luck/);
    await page.getByRole("button", { name: "First error" }).click();
    await seeText(page.getByRole("region", { name: "The chosen event" }), /no luck/);
    await page.getByRole("button", { name: "Close the event" }).click();
    await page.getByRole("combobox", { name: "Level" }).selectOption({ label: "errors" });
    await see(page.getByText(/^\d+ of \d+ events$/));
  });

  test("shows the last words of a worker that died", async () => {
    const id = await world.launch("dying");
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.locator("h1").getByText("Failure"));
    await seeText(page.locator("main"), /last words/);
  });

  test("asks before it deletes, and the run is gone", async () => {
    const id = await world.launch("failing");
    const page = await browser.open(world.url(`/runs/${id}`), { expected: [/status of 404/] });
    await see(page.locator("h1").getByText("Failure"));
    const more = page.getByRole("button", { name: "More actions" });
    await more.click();
    await page.getByRole("menuitem", { name: "Delete the run" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this run?" });
    await seeText(dialog, /cannot be undone/);
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await seeNone(dialog);
    await more.click();
    await page.getByRole("menuitem", { name: "Delete the run" }).click();
    await dialog.getByRole("button", { name: "Delete the run" }).click();
    await seeAddress(page, /^\/jobs\/code\/tests\/failing\/runs$/);
    await see(page.getByRole("navigation", { name: "Job" }));
    await seeNone(page.getByTitle(id));
    await page.goto(world.url(`/runs/${id}`));
    await see(page.getByText("Could not load this run"));
  });
});

describe("a long log", () => {
  test("holds only what is in sight, is followed to its very end, and both ends are reached", async () => {
    const { id, open } = await launchGated("long", 5_000);
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.getByText(/^5,00\d events$/));
    open();
    // How long the run itself takes is not the page's.
    await world.hasStatus(id, "SUCCESS");
    await see(page.locator("h1").getByText("Success"));
    await see(page.getByText(/^10,0\d\d events$/));
    const events = page.getByRole("region", { name: "List of events" });
    await seeText(events, /counted/);
    const last = events.getByRole("listitem").last();
    expect(await last.getAttribute("aria-posinset"), "the last one is there").toBe(await last.getAttribute("aria-setsize"));
    expect(await events.getByRole("listitem").count()).toBeLessThan(200);
    await events.focus();
    await page.keyboard.press("Home");
    await seeText(events, /before/);
    await page.keyboard.press("End");
    await seeText(events, /counted/);
    await see(section(page, "Run"));
  });
});
