import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { section, see, seeAddress, seeNone, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

// A team moves its jobs to another location; another team takes the old address.
const world = withWorld({ locations: ["before", "after"] });
const browser = withBrowser();
const runs: string[] = [];

beforeAll(async () => {
  const old = await world.serve("before", "testcode");
  await world.serve("after", "testcode");
  await old.kill();
  await world.hasState("before", "STALE");
  const [config, open] = [path.join(world.dir, "config.yaml"), path.join(world.dir, "open")];
  writeFileSync(open, "");
  writeFileSync(config, JSON.stringify({ config: { gate: { started: path.join(world.dir, "started"), open, lines: 1 } } }));
  for (let n = 0; n < 2; n++) runs.push(await world.launch("before/tests/gated", "--config", config));
  await world.serve("before", "tutorial");
  for (const run of runs) await world.hasStatus(run, "WAITING_FOR_CODE");
});

describe("Runs that wait for code", () => {
  test("say why, since when and until when, wherever they are shown", async () => {
    const page = await browser.open(world.url(`/runs/${runs[0] ?? ""}`));
    await see(page.getByText(/^Has waited for .*It waits until its code is there\.$/));
    await seeText(page.locator("main"), /gated/);
    await lookAt(page, "waiting-run-1280");
    await page.goto(world.url("/deployment"));
    const card = page.locator("#location-before");
    await see(card.getByText("2 runs wait for code"));
    await lookAt(page, "waiting-deployment-1280");
    await card.getByRole("link", { name: "2 runs of before/tests/gated" }).click();
    await seeAddress(page, /^\/runs\?where=job=before\/tests\/gated&status=WAITING_FOR_CODE$/);
    for (const run of runs) await see(page.getByTitle(run));
    await lookAt(page, "waiting-runs-1280");
  });

  test.each([1280, 400])("can be re-pointed from their job's page, which is gone; at %i pixels the dialog can be left", async (width) => {
    const page = await browser.open(world.url("/jobs/before/tests/gated"), { width, expected: [/status of 404/] });
    await see(page.getByText("Could not find the job gated"));
    await page.getByRole("button", { name: "Re-point 2 runs of before/tests/gated" }).click();
    const dialog = page.getByRole("dialog", { name: "Re-point waiting runs" });
    await dialog.getByRole("searchbox").fill("evolving");
    await dialog.getByRole("radio", { name: "after/tests/evolving" }).check();
    await see(dialog.getByText(/^2 runs stay as they are: /));
    expect(await dialog.getByRole("button", { name: "Re-point", exact: true }).isDisabled()).toBe(true);
    await lookAt(page, `repoint-${width}`);
    await page.keyboard.press("Escape");
    await seeNone(dialog);
    for (const run of runs) await world.hasStatus(run, "WAITING_FOR_CODE");
  });

  test("are re-pointed after a preview, run on the other job's code, and say what they were launched as", async () => {
    const page = await browser.open(world.url("/runs?status=WAITING_FOR_CODE"));
    await page.getByRole("button", { name: "Re-point 2 runs of before/tests/gated" }).click();
    const dialog = page.getByRole("dialog", { name: "Re-point waiting runs" });
    await dialog.getByRole("searchbox").fill("gated");
    await dialog.getByRole("radio", { name: "after/tests/gated" }).check();
    await see(dialog.getByText(/^2 runs fit and become runs of/));
    await dialog.getByRole("button", { name: "Re-point 2 runs" }).click();
    await see(dialog.getByText(/^2 runs are runs of/));
    await lookAt(page, "repoint-done-1280");
    await dialog.getByRole("button", { name: "Done" }).click();
    await see(page.getByText("No run matches this filter"));
    for (const run of runs) await world.hasStatus(run, "SUCCESS");
    await page.goto(world.url(`/runs/${runs[0] ?? ""}`));
    await seeText(section(page, "Code"), /Launched as\s+before\/tests\/gated/);
    await seeText(section(page, "Run"), /Job\s+after\/tests\/gated/);
  });
});
