import { beforeAll, describe, expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";
import { withBrowser } from "./harness/browser";
import { see, seeAddress, seeNone, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["local"] });
const browser = withBrowser();

beforeAll(async () => {
  await world.serve("local", "tutorial");
});

describe("with the keyboard alone", () => {
  test("from Jobs to a run that was launched with a tag", async () => {
    const page = await browser.open(world.url("/jobs"));
    await see(page.getByRole("link", { name: "my_job_with_tags", exact: true }));
    await page.keyboard.press("Tab");
    await expectFocus(page, page.getByRole("link", { name: "Skip to the page" }));
    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("link", { name: "my_job_with_tags", exact: true }));
    await page.keyboard.press("Enter");
    await seeAddress(page, /my_job_with_tags$/);
    await tabTo(page, page.getByRole("link", { name: "Launch", exact: true }));
    await page.keyboard.press("Enter");
    await seeAddress(page, /launchpad$/);
    await see(page.getByText("Nothing is wrong with this launch."));

    await page.keyboard.press("Alt+t");
    const dialog = page.getByRole("dialog", { name: "Tags of this run" });
    await expectFocus(page, dialog.getByRole("textbox", { name: "Key of tag 1" }));
    await page.keyboard.type("by");
    await page.keyboard.press("Tab");
    await page.keyboard.type("keyboard");
    await page.keyboard.press("Control+Enter");
    await seeNone(dialog);
    await see(page.getByRole("list", { name: "Tags that the run gets" }).getByText("keyboard"));

    // The editor does not hold whoever tabs into it.
    await tabTo(page, page.getByRole("textbox", { name: "Config, as YAML" }));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await tabTo(page, page.getByRole("button", { name: /^Launch the run/ }));
    await page.keyboard.press("Enter");
    await seeAddress(page, /^\/runs\//);
    await see(page.locator("h1").getByText("Success"));
    await tabTo(page, page.getByRole("link", { name: "by: keyboard" }));
    await page.keyboard.press("Enter");
    await seeAddress(page, /^\/runs\?where=by=keyboard$/);
  });

  test("the focus is always to be seen", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/my_job_with_metadata"));
    await see(page.getByRole("button", { name: "op my_op" }));
    const unmarked: string[] = [];
    for (let at = 0; at < 40; at++) {
      await page.keyboard.press("Tab");
      const missing = await page.evaluate(() => {
        const focused = document.activeElement;
        if (focused === null || focused === document.body) return undefined;
        const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(focused);
        const marked = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
        return marked ? undefined : `${focused.outerHTML.slice(0, 120)} ${borderColor}`;
      });
      if (missing !== undefined) unmarked.push(missing);
    }
    expect(unmarked).toEqual([]);
  });

  test("a dialog keeps the focus, and gives it back", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/my_job_with_tags/launchpad"));
    const add = page.getByRole("button", { name: /^Add tags/ });
    await add.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Tags of this run" });
    await see(dialog);
    for (let at = 0; at < 20; at++) {
      await page.keyboard.press("Tab");
      expect(await dialog.evaluate((element) => element.contains(document.activeElement)), `the focus after ${at + 1} tabs`).toBe(true);
    }
    await page.keyboard.press("Escape");
    await seeNone(dialog);
    await expectFocus(page, add);
  });
});

describe("the palette", () => {
  test("opens with /, finds jobs, runs by id, locations and actions, and goes there", async () => {
    const id = await world.launch("my_job_with_tags", "--wait");
    const page = await browser.open(world.url("/runs"));
    await see(page.getByTitle(id));
    await page.keyboard.press("/");
    const field = page.getByRole("combobox", { name: /^Search jobs/ });
    await expectFocus(page, field);
    await page.keyboard.type("metadata");
    const options = page.getByRole("listbox", { name: "Found" }).getByRole("option");
    await see(options.filter({ hasText: "my_second_job_with_metadata" }));
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await seeText(options.and(page.locator("[aria-selected=true]")), /my_job_with_metadata/);
    await page.keyboard.press("Enter");
    await seeAddress(page, /^\/jobs\/local\/tutorial\/my_job_with_metadata$/);
    await seeNone(page.getByRole("dialog"));

    await page.keyboard.press("Control+k");
    await field.fill(id);
    await see(options.filter({ hasText: /my_job_with_tags · Success/ }));
    await page.keyboard.press("Enter");
    await seeAddress(page, new RegExp(id));

    await page.keyboard.press("/");
    await field.fill("local");
    await options.filter({ hasText: /local.*Ready/ }).click();
    await seeAddress(page, /^\/deployment#local$/);

    await page.keyboard.press("/");
    await field.fill("dark");
    await see(options.filter({ hasText: "Switch to dark colours" }));
    await page.keyboard.press("Enter");
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();

    await page.keyboard.press("/");
    await field.fill("nothing like this");
    await see(page.getByText(/^Nothing found/));
    await page.keyboard.press("Escape");
    await seeNone(page.getByRole("dialog"));
  });

  test("is typed as it is in a field", async () => {
    const page = await browser.open(world.url("/jobs"));
    const search = page.getByRole("combobox", { name: "Find jobs" });
    await search.focus();
    await page.keyboard.type("a/b");
    expect(await search.inputValue()).toBe("a/b");
    await seeNone(page.getByRole("dialog"));
  });
});

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await see(target);
  for (let at = 0; at < 80; at++) {
    await page.keyboard.press("Tab");
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`80 tabs do not lead to ${target.toString()}`);
}

async function expectFocus(page: Page, target: Locator): Promise<void> {
  await see(target);
  await page.waitForFunction((element) => element === document.activeElement, await target.elementHandle());
}
