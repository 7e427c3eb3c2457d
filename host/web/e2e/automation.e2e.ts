import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAtBoth } from "./harness/look";
import { section, see, seeAddress, seeNone, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["code", "old"] });
const browser = withBrowser();

beforeAll(async () => {
  await world.serve("code", "testcode");
  await world.serve("old", "peerserver", "--protocol", "0.14.17");
});

describe("Automation", () => {
  test("lists schedules and sensors, says which location is too old to have any, and finds by name", async () => {
    const page = await browser.open(world.url("/jobs"));
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Automation" }).click();
    await see(page.getByRole("link", { name: "arrivals" }));
    const old = section(page, /^Schedules of old not shown/);
    await seeText(old, /0\.15\.0/);
    await lookAtBoth(page, "automation");
    await page.getByRole("searchbox").fill("year");
    await see(page.getByRole("link", { name: "new_year" }));
    await seeNone(page.getByRole("link", { name: "arrivals" }));
    await seeAddress(page, /search=year/);
  });

  test("a sensor is switched on, tells why it makes nothing, makes runs of what arrives, and is asked again from its beginning", async () => {
    const page = await browser.open(world.url("/automation/code/tests/arrivals"));
    const toggle = page.getByRole("switch", { name: "Makes ticks: arrivals" });
    await toggle.press(" ");
    await expect.poll(() => toggle.getAttribute("aria-checked")).toBe("true");
    const ticks = page.getByRole("region", { name: "Ticks", exact: true });
    await seeText(ticks, /no file has arrived/);
    await seeText(ticks, /×\d+ until/);
    writeFileSync(path.join(world.dir, "tmp", "arrivals"), "bert good\n");
    await seeText(ticks, /2 runs made/);
    await seeText(section(page, "Cursor"), /good/);
    await ticks.getByText("2 log lines").click();
    await seeText(ticks, /a file has arrived/);
    await lookAtBoth(page, "sensor");
    await page.getByRole("link", { name: "Success", exact: true }).first().click();
    await seeAddress(page, /status=success/);
    await ticks.getByRole("link").first().click();
    await seeAddress(page, /^\/runs\//);
    const source = section(page, "Launched by and for");
    await seeText(source, /arrivals[^]*(bert|good)/);
    await source.getByRole("link", { name: "arrivals" }).click();
    await page.getByRole("button", { name: "Set or reset…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Reset the cursor" }).click();
    await seeText(ticks, /2 run keys were used before: no run again/);
    await toggle.click();
    await seeText(section(page, "Sensor"), /off, by web UI/);
  });

  test("a schedule shows when it ticks, also under other crons, and what a tick would make", async () => {
    const page = await browser.open(world.url("/automation/code/tests/new_year?tab=preview"));
    const instants = page.getByRole("region", { name: "Instants" });
    await seeText(instants, /\d{4}-01-01 00:00 EST/);
    await page.getByLabel("Crons, a line each").fill("30 2 * * *");
    await seeText(instants, /02:30 does not exist that day|02:30 EST/);
    await lookAtBoth(page, "schedule-preview");
    await page.getByLabel("Crons, a line each").fill("61 * * * *");
    await see(page.getByText("This is no schedule"));
    await page.getByRole("link", { name: "Test", exact: true }).first().click();
    await page.getByLabel(/^Instant/).fill("2027-01-01T05:00:00Z");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    const result = page.getByRole("region", { name: /It would make/ });
    await seeText(result, /a year begins/);
    await seeText(result, /year:\s*2027/);
    await lookAtBoth(page, "schedule-test");
    expect((await world.cli<{ runs?: unknown[] }>("run", "list", "--where", "penstock/schedule=new_year")).runs ?? []).toEqual([]);
  });
});
