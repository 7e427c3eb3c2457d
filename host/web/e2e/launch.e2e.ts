import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { section, see, seeAddress, seeNone } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["local"] });
const browser = withBrowser();
const launchpad = "/jobs/local/tutorial/my_job_with_tags/launchpad";

beforeAll(async () => {
  await world.serve("local", "tutorial");
});

describe("Launchpad", () => {
  test("launches a job with an extra tag; the run is seen to succeed and found by both tags", async () => {
    // Another run of the job, without the tag: it must not be found.
    const other = await world.launch("my_job_with_tags", "--wait");
    const page = await browser.open(world.url(launchpad));
    await page.getByRole("button", { name: /^Add tags/ }).click();
    const dialog = page.getByRole("dialog", { name: "Tags of this run" });
    await see(dialog.getByRole("list", { name: "Tags of the definition" }).getByText("foo"));

    await dialog.getByRole("textbox", { name: "Key of tag 1" }).fill("extra");
    await dialog.getByRole("button", { name: /^Apply/ }).click();
    await see(dialog.getByRole("alert").getByText("The key “extra” has no value"));
    await see(dialog);
    await dialog.getByRole("textbox", { name: "Value of tag 1" }).fill("1");

    await dialog.getByRole("button", { name: "Add a tag" }).click();
    await dialog.getByRole("textbox", { name: "Key of tag 2" }).fill(" extra ");
    await dialog.getByRole("textbox", { name: "Value of tag 2" }).fill("2");
    await dialog.getByRole("button", { name: /^Apply/ }).click();
    await see(dialog.getByRole("alert").getByText("The key “extra” is given twice"));
    await dialog.getByRole("button", { name: "Remove tag 2" }).click();
    await dialog.getByRole("button", { name: /^Apply/ }).click();
    await seeNone(dialog);

    const summary = page.getByRole("list", { name: "Tags that the run gets" });
    await see(summary.getByRole("listitem").filter({ hasText: /extra: 1/ }).getByText("given at launch"));
    await see(summary.getByRole("listitem").filter({ hasText: /foo: bar/ }).getByText("from the job's definition"));
    await page.getByRole("button", { name: /^Launch the run/ }).click();

    await seeAddress(page, /^\/runs\/[0-9a-f-]{36}$/);
    await see(page.locator("h1").getByText("Success"));
    const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await see(page.getByRole("region", { name: "Events" }).last().getByText("Hello World!"));

    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs" }).click();
    const rows = page.getByRole("table", { name: "Runs" }).getByRole("row");
    const run = rows.filter({ has: page.getByTitle(id) });
    await see(rows.filter({ has: page.getByTitle(other) }));
    await run.getByRole("link", { name: "foo: bar" }).click();
    await seeAddress(page, /^\/runs\?where=foo=bar$/);
    await see(rows.filter({ has: page.getByTitle(other) }));
    await run.getByRole("link", { name: "extra: 1" }).click();
    await seeAddress(page, /^\/runs\?where=foo=bar\+and\+extra=1$/);
    await seeNone(rows.filter({ has: page.getByTitle(other) }));
    await see(run);
    expect(await rows.count(), "a heading and the run").toBe(2);

    // The address is the view: opened anew it shows the same.
    const again = await browser.open(page.url());
    await see(again.getByTitle(id));
    expect(await again.getByRole("table", { name: "Runs" }).getByRole("row").count()).toBe(2);
    const selector = again.getByRole("combobox", { name: "Selector of runs" });
    expect(await selector.inputValue()).toBe("foo=bar and extra=1");
    await selector.fill("foo=bar");
    await selector.press("Enter");
    await see(again.getByTitle(other));
    await again.getByRole("link", { name: "Failed 0" }).click();
    await seeAddress(again, /status=FAILURE/);
    await see(again.getByText("No run matches this filter"));
    await again.goBack();
    await see(again.getByTitle(other));
  });

  test("fades a definition's tag that the launch overrides", async () => {
    const page = await browser.open(world.url(launchpad));
    await see(page.getByRole("button", { name: /^Launch the run/ }));
    await page.keyboard.press("Alt+t");
    const dialog = page.getByRole("dialog", { name: "Tags of this run" });
    const fixed = dialog.getByRole("list", { name: "Tags of the definition" });
    await seeNone(fixed.getByText("overridden"));
    const before = await fixed.getByTitle(/^foo:bar/).evaluate((chip) => getComputedStyle(chip).textDecorationLine + getComputedStyle(chip).opacity);
    await dialog.getByRole("textbox", { name: "Key of tag 1" }).fill("foo");
    await dialog.getByRole("textbox", { name: "Value of tag 1" }).fill("mine");
    await see(fixed.getByText("overridden"));
    const after = await fixed.getByTitle(/^foo:bar/).evaluate((chip) => getComputedStyle(chip).textDecorationLine + getComputedStyle(chip).opacity);
    expect(after).not.toBe(before);
    await page.keyboard.press("Control+Enter");
    await seeNone(dialog);
    const summary = page.getByRole("list", { name: "Tags that the run gets" });
    await see(summary.getByRole("listitem").filter({ hasText: /foo: mine/ }).getByText("given at launch"));
    await see(summary.getByRole("listitem").filter({ hasText: /foo: bar/ }).getByText("overridden"));
  });

  test("says the host's words about tags that nobody may set, and keeps the dialog open", async () => {
    const page = await browser.open(world.url(launchpad));
    await page.getByRole("button", { name: /^Add tags/ }).click();
    const dialog = page.getByRole("dialog", { name: "Tags of this run" });
    await dialog.getByRole("textbox", { name: "Key of tag 1" }).fill("penstock/priority");
    await dialog.getByRole("textbox", { name: "Value of tag 1" }).fill("high");
    await dialog.getByRole("button", { name: "Add a tag" }).click();
    await dialog.getByRole("textbox", { name: "Key of tag 2" }).fill("penstock/location");
    await dialog.getByRole("textbox", { name: "Value of tag 2" }).fill("x");
    const said = dialog.getByRole("alert").filter({ hasText: "These tags cannot be used" });
    await see(said.getByText(/whole number/));
    await see(said.getByText(/penstock\/location/));
    await dialog.getByRole("button", { name: /^Apply/ }).click();
    await see(dialog);
    await page.keyboard.press("Escape");
    await seeNone(dialog);
    await see(section(page, /^Tags for this run/).getByRole("button", { name: /^Add tags/ }));
  });

  test("keeps what was prepared when the page is left and loaded again", async () => {
    const page = await browser.open(world.url(launchpad));
    await page.getByRole("textbox", { name: "Op selection" }).fill("my_op");
    await see(page.getByText("Nothing is wrong with this launch."));
    await page.reload();
    await see(page.getByRole("textbox", { name: "Op selection" }));
    expect(await page.getByRole("textbox", { name: "Op selection" }).inputValue()).toBe("my_op");
  });
});
