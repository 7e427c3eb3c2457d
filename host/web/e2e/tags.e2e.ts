import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { section, see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

// Tags of runs that wait, go on and are over.
const world = withWorld({ locations: ["code"], config: (it) => `locations:\n  - {name: code, address: "${it.addressOf("code")}"}\nqueue: {max_in_progress: 1}\n` });
const browser = withBrowser();
const runs = { over: "", live: "", waiting: "" };

beforeAll(async () => {
  await world.serve("code", "testcode");
  runs.over = await world.launch("failing", "--tag", "env=dev", "--tag", "team=etl");
  await world.hasStatus(runs.over, "FAILURE");
  const config = path.join(world.dir, "gated.yaml");
  writeFileSync(config, JSON.stringify({ config: { gate: { started: path.join(world.dir, "started"), open: path.join(world.dir, "never"), lines: 1 } } }));
  runs.live = await world.launch("gated", "--config", config, "--tag", "env=dev", "--tag", "team=etl");
  await world.hasStatus(runs.live, "STARTED");
  runs.waiting = await world.launch("failing", "--tag", "env=dev", "--tag", "team=etl");
});

const tags = (page: Page) => section(page, /^Tags/);
const dialog = (page: Page) => page.getByRole("dialog");
const key = (page: Page, number: number) => dialog(page).getByRole("textbox", { name: `Key of tag ${number}` });
const value = (page: Page, number: number) => dialog(page).getByRole("textbox", { name: `Value of tag ${number}` });

async function edit(page: Page): Promise<void> {
  await tags(page).getByRole("button", { name: "Edit tags" }).click();
  await see(dialog(page));
}

describe.each(["over", "live", "waiting"] as const)("tags of a run that is %s", (name) => {
  test("are added, changed, removed and put back", async () => {
    const page = await browser.open(world.url(`/runs/${runs[name]}`));
    await edit(page);
    expect(await key(page, 1).inputValue()).toBe("env");
    await value(page, 1).fill("prod");
    await key(page, 3).fill("tier");
    await value(page, 3).fill("gold");
    await dialog(page).getByRole("button", { name: "Remove tag 2" }).click();
    await dialog(page).getByLabel(/^Your name/).fill("anna");
    if (name === "over") await lookAt(page, "tags-editor-1280");
    await page.keyboard.press("Control+Enter");
    await seeNone(dialog(page));
    await seeText(tags(page), /env:\s*prod\s*edited by anna/);
    await seeText(tags(page), /tier:\s*gold/);
    await seeNone(tags(page).getByRole("link", { name: "team: etl" }));
    expect(await tags(page).getByRole("link", { name: "env: prod" }).getAttribute("title")).toMatch(/edited by anna, \d\d \w{3} \d{4}/);

    await tags(page).getByRole("button", { name: "History of env" }).click();
    const changes = dialog(page).getByRole("list", { name: "Changes" }).getByRole("listitem");
    await expect.poll(() => changes.count(), soon).toBe(2);
    await seeText(changes.nth(0), /env:\s*prod\s*as it is now/);
    await seeText(changes.nth(1), /env:\s*dev[^]*given at launch/);
    if (name === "over") await lookAt(page, "tags-history-1280");
    await changes.nth(1).getByRole("button", { name: "Put back" }).click();
    await seeText(changes.nth(0), /env:\s*dev\s*as it is now/);
    await page.keyboard.press("Escape");
    await seeText(tags(page), /env:\s*dev\s*edited by anna/);

    await tags(page).getByRole("button", { name: "History of all tags" }).click();
    await changes.filter({ hasText: "team: etl" }).getByRole("button", { name: "Put back" }).click();
    await see(changes.filter({ hasText: /team: etl\s*as it is now/ }).first());
    await page.keyboard.press("Escape");
    await see(tags(page).getByRole("link", { name: "team: etl" }));

    // What was changed finds it at once.
    await tags(page).getByRole("link", { name: "tier: gold" }).click();
    await seeAddress(page, /^\/runs\?where=tier=gold$/);
    await see(page.getByTitle(runs[name]));
  });
});

describe("the editor of tags", () => {
  test("shows what the host refuses where it is, and blocks rows that make no sense", async () => {
    const page = await browser.open(world.url(`/runs/${runs.over}`), { expected: [/status of 400/] });
    await edit(page);
    const last = await dialog(page).getByRole("textbox", { name: /^Key of tag/ }).count();
    await key(page, last).fill("env");
    await value(page, last).fill("twice");
    await dialog(page).getByRole("button", { name: /^Save/ }).click();
    await seeText(dialog(page).getByRole("alert"), /is given twice/);
    await key(page, last).fill("penstock/priority");
    await value(page, last).fill("high");
    await dialog(page).getByRole("button", { name: /^Save/ }).click();
    await seeText(dialog(page).getByRole("alert").first(), /priority/);
    expect(await value(page, last).getAttribute("aria-invalid")).toBe("true");
    await lookAt(page, "tags-refused-1280");
    await value(page, last).fill("7");
    await dialog(page).getByRole("button", { name: /^Save/ }).click();
    await seeNone(dialog(page));
    await see(tags(page).getByRole("link", { name: "priority: 7" }));
  });

  test("fits a narrow window, and remembers who edits", async () => {
    const page = await browser.open(world.url(`/runs/${runs.over}`), { width: 400 });
    await edit(page);
    await dialog(page).getByLabel(/^Your name/).fill("ben");
    await dialog(page).getByRole("button", { name: "Remove tag 1" }).click();
    await lookAt(page, "tags-editor-400");
    await page.reload();
    await edit(page);
    expect(await dialog(page).getByLabel(/^Your name/).inputValue()).toBe("ben");
    await page.keyboard.press("Escape");
    await tags(page).getByRole("button", { name: "History of all tags" }).click();
    await see(dialog(page).getByRole("list", { name: "Changes" }).getByRole("listitem").first());
    await lookAt(page, "tags-history-400");
  });
});
