import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

// More failed runs than a page holds, and one that goes on: what is done to many of them at once.
const world = withWorld({ locations: ["code"] });
const browser = withBrowser();
const failed = 27;
let live = "";

beforeAll(async () => {
  await world.serve("code", "testcode");
  const config = path.join(world.dir, "gated.yaml");
  writeFileSync(config, JSON.stringify({ config: { gate: { started: path.join(world.dir, "started"), open: path.join(world.dir, "never"), lines: 1 } } }));
  live = await world.launch("gated", "--config", config, "--tag", "team=live");
  await world.hasStatus(live, "STARTED");
  for (let n = 0; n < failed; n += 9) {
    const ids = await Promise.all(Array.from({ length: 9 }, (_, at) => world.launch("failing", "--tag", "team=etl", "--tag", `n=${n + at}`)));
    for (const id of ids) await world.hasStatus(id, "FAILURE");
  }
});

const rows = (page: Page) => page.getByRole("table", { name: "Runs" }).locator("tbody tr");
const bar = (page: Page) => page.getByRole("region", { name: "Selected runs" });
const dialog = (page: Page) => page.getByRole("dialog");
const tab = (page: Page, name: string) => page.getByRole("navigation", { name: "Runs by status" }).getByRole("link", { name, exact: true });

async function pick(page: Page, count: number): Promise<void> {
  await see(rows(page).first());
  await rows(page).nth(0).getByRole("checkbox").check();
  if (count > 1) await rows(page).nth(count - 1).getByRole("checkbox").click({ modifiers: ["Shift"] });
  await seeText(bar(page), new RegExp(`^${count} runs? selected`));
}

describe("many runs", () => {
  test("all that match get tags: preview, progress that survives a reload, and the history", async () => {
    const page = await browser.open(world.url("/runs?where=team=etl"));
    await see(tab(page, `All ${failed}`));
    await page.getByRole("checkbox", { name: "Select all runs on this page" }).check();
    await page.getByRole("button", { name: `Select all ${failed} runs that match` }).click();
    await seeText(bar(page), new RegExp(`^All ${failed} runs that match selected`));
    await bar(page).getByRole("button", { name: "Tags…" }).click();
    await dialog(page).getByRole("textbox", { name: "Key of tag 1" }).fill("penstock/job");
    await dialog(page).getByRole("textbox", { name: "Value of tag 1" }).fill("other");
    await seeText(dialog(page).getByRole("alert"), /penstock\/job/);
    await seeText(dialog(page), /Put right what is wrong/);
    await dialog(page).getByRole("textbox", { name: "Key of tag 1" }).fill("tier");
    await dialog(page).getByRole("textbox", { name: "Value of tag 1" }).fill("gold");
    await dialog(page).getByLabel("Keys of tags to remove").fill("n");
    await dialog(page).getByLabel(/^Your name/).fill("anna");
    await see(dialog(page).getByText(`Change the tags of ${failed} runs.`));
    expect(await dialog(page).getByRole("list", { name: "Runs that it applies to" }).getByRole("listitem").count()).toBe(10);
    await dialog(page).getByRole("button", { name: `Change the tags of ${failed} runs` }).click();
    await seeAddress(page, /where=team=etl&bulk=/);
    const progress = page.getByRole("region", { name: `Change the tags of ${failed} runs: tier:gold, without n` });
    await see(progress.getByText("Done", { exact: true }));
    await seeText(progress, new RegExp(`${failed} changed`));
    await seeText(progress, /by anna/);
    await see(rows(page).first().getByRole("link", { name: "tier: gold" }));
    await seeNone(page.getByRole("link", { name: /^n: / }).first());
    await page.reload();
    await see(progress.getByText("Done", { exact: true }));
    await progress.getByRole("link", { name: "Dismiss" }).click();
    await seeNone(progress);
    await seeAddress(page, /^\/runs\?where=team=etl$/);
  });

  test("the run that goes on is canceled, and the others are passed over", async () => {
    const page = await browser.open(world.url("/runs"));
    await see(tab(page, `All ${failed + 1}`));
    await page.getByRole("checkbox", { name: "Select all runs on this page" }).check();
    await page.getByRole("button", { name: /^Select all/ }).click();
    await bar(page).getByRole("button", { name: "Cancel…" }).click();
    await seeText(dialog(page), new RegExp(`Cancel 1 run\\. Of ${failed + 1} runs selected, ${failed} are passed over: they are over`));
    await see(dialog(page).getByTitle(live));
    await dialog(page).getByRole("button", { name: "Cancel 1 run" }).click();
    await see(page.getByRole("region", { name: /^Cancel \d+ runs?$/ }).getByText("Done", { exact: true }));
    await world.hasStatus(live, "CANCELED");
    await see(tab(page, "In progress 0"));
  });

  test("picked ones are executed again from their failure", async () => {
    const page = await browser.open(world.url("/runs?where=tier=gold&status=FAILURE"));
    await pick(page, 3);
    await bar(page).getByRole("button", { name: "Re-execute…" }).click();
    await dialog(page).getByRole("radio", { name: /^From failure/ }).check();
    await dialog(page).getByRole("button", { name: "Re-execute 3 runs" }).click();
    await see(page.getByRole("region", { name: "Re-execute 3 runs: from failure" }).getByText(/^Done/));
    await see(tab(page, `Failed ${failed + 3}`));
    await expect.poll(() => page.getByText(/Re-execution from failure of/).count(), soon).toBe(3);
  });

  test("all that match are deleted, after it was said that this is for good", async () => {
    const page = await browser.open(world.url("/runs?where=tier=gold"));
    await see(tab(page, `All ${failed + 3}`));
    await page.getByRole("checkbox", { name: "Select all runs on this page" }).check();
    await page.getByRole("button", { name: /^Select all/ }).click();
    await bar(page).getByRole("button", { name: "Delete…" }).click();
    await seeText(dialog(page), /cannot be undone/);
    await dialog(page).getByRole("button", { name: "Leave them as they are" }).click();
    await seeNone(dialog(page));
    await bar(page).getByRole("button", { name: "Delete…" }).click();
    await dialog(page).getByRole("button", { name: `Delete ${failed + 3} runs` }).click();
    await see(page.getByRole("region", { name: `Delete ${failed + 3} runs` }).getByText("Done", { exact: true }));
    await see(tab(page, "All 0"));
    await see(page.getByText("No run matches this filter"));
    expect((await world.cli<{ runs: unknown[] }>("run", "list")).runs).toHaveLength(1);
    await page.getByRole("link", { name: "Actions on many runs" }).click();
    const actions = page.getByRole("region", { name: "Actions, newest first" });
    await see(actions.getByRole("row").filter({ hasText: `Delete ${failed + 3} runs` }).getByText("Done", { exact: true }));
    await see(actions.getByRole("row").filter({ hasText: "tier:gold" }).getByText("anna"));
    await actions.getByRole("link", { name: `Delete ${failed + 3} runs` }).click();
    await seeAddress(page, /where=tier=gold&bulk=/);
    await see(page.getByRole("region", { name: `Delete ${failed + 3} runs` }).getByText("Done", { exact: true }));
  });

  test.each([1280, 400])("at %i pixels nothing is out of place", async (width) => {
    for (let n = 0; n < 3; n++) await world.hasStatus(await world.launch("failing", "--tag", `team=look${width}`), "FAILURE");
    const page = await browser.open(world.url(`/runs?where=team=look${width}`), { width });
    await pick(page, 3);
    await lookAt(page, `bulk-selected-${width}`);
    await bar(page).getByRole("button", { name: "Delete…" }).click();
    await see(dialog(page).getByText("Delete 3 runs."));
    await lookAt(page, `bulk-delete-${width}`);
    await page.keyboard.press("Escape");
    await bar(page).getByRole("button", { name: "Tags…" }).click();
    await dialog(page).getByRole("textbox", { name: "Key of tag 1" }).fill("-bad");
    await dialog(page).getByRole("textbox", { name: "Value of tag 1" }).fill("x");
    await see(dialog(page).getByRole("alert"));
    await lookAt(page, `bulk-refused-${width}`);
    await dialog(page).getByRole("textbox", { name: "Key of tag 1" }).fill("tier");
    await dialog(page).getByRole("button", { name: "Change the tags of 3 runs" }).click();
    await see(page.getByRole("region", { name: /^Change the tags/ }).getByText("Done", { exact: true }));
    await lookAt(page, `bulk-done-${width}`);
    await page.getByRole("link", { name: "Actions on many runs" }).click();
    await see(page.getByRole("link", { name: "Change the tags of 3 runs: tier:x" }).first());
    await lookAt(page, `bulk-list-${width}`);
  });
});
