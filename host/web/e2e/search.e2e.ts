import { beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

// Runs with tags, most of the tutorial's job that ends at once: what they are found by, and how they are counted.
const world = withWorld({ locations: ["local", "code"] });
const browser = withBrowser();
const job = "local/tutorial/my_job_with_tags";
const odd = "data team=\"a\" (b)";
const ids = { odd: "", failed: "" };

beforeAll(async () => {
  await world.serve("local", "tutorial");
  await world.serve("code", "testcode");
  for (const team of ["etl", "etl", "web"]) await world.launch(job, "--tag", `team=${team}`, "--wait");
  ids.odd = await world.launch(job, "--tag", `team=${odd}`, "--tag", "status=mine", "--wait");
  ids.failed = await world.launch("code/tests/failing", "--tag", "team=etl");
  await world.hasStatus(ids.failed, "FAILURE");
});

const selector = (page: Page) => page.getByRole("combobox", { name: "Selector of runs" });
const options = (page: Page) => page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
const rows = (page: Page) => page.getByRole("table", { name: "Runs" }).locator("tbody tr");
const tab = (page: Page, name: string) => page.getByRole("navigation", { name: "Runs by status" }).getByRole("link", { name, exact: true });

describe("the selector of runs", () => {
  test("completes keys and values with counts by the keyboard alone, and is in the address", async () => {
    const page = await browser.open(world.url("/runs"));
    await see(tab(page, "All 5"));
    await selector(page).focus();
    await page.keyboard.type("tea");
    await see(options(page).filter({ hasText: /^team\s*tag\s*5$/ }));
    await lookAt(page, "search-keys-1280");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect.poll(() => selector(page).inputValue(), soon).toMatch(/^team=?$/);
    if (!(await selector(page).inputValue()).endsWith("=")) await page.keyboard.type("=");
    await see(options(page).filter({ hasText: /etl\s*value\s*3$/ }));
    await see(options(page).filter({ hasText: /web\s*value\s*1$/ }));
    await page.keyboard.type("e");
    await seeNone(options(page).filter({ hasText: /web/ }));
    await lookAt(page, "search-values-1280");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    expect(await selector(page).inputValue()).toBe("team=etl ");
    await page.keyboard.type("and not status=failure");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await seeAddress(page, /^\/runs\?where=team=etl\+and\+not\+status=failure$/);
    await see(tab(page, "All 2"));
    await expect.poll(() => rows(page).count(), soon).toBe(2);
  });

  test("says what is wrong and where, and leaves the page as it was", async () => {
    const page = await browser.open(world.url("/runs?where=team=etl"), { expected: [/status of 400/] });
    await see(tab(page, "All 3"));
    await selector(page).fill("team=etl and (status=failure");
    await selector(page).press("Enter");
    await seeText(page.getByRole("alert"), /Column \d+: .+/);
    await seeAddress(page, /^\/runs\?where=team=etl$/);
    expect(await rows(page).count()).toBe(3);
    await lookAt(page, "search-mistake-1280");
    await page.goto(world.url("/runs?where=team=etl+and"));
    await seeText(page.getByRole("alert"), /Column \d+: .+/);
  });

  test("takes chips, whatever their text", async () => {
    const page = await browser.open(world.url("/runs?where=foo=bar"));
    const run = rows(page).filter({ has: page.getByTitle(ids.odd) });
    await run.getByRole("link", { name: "team: " }).click();
    await expect.poll(() => rows(page).count(), soon).toBe(1);
    expect(await selector(page).inputValue()).toBe(String.raw`foo=bar and team="data team=\"a\" (b)"`);
    await run.getByRole("link", { name: "status: mine" }).click();
    await seeAddress(page, /and\+tag:status=mine$/);
    await see(tab(page, "All 1"));
    expect(await rows(page).count()).toBe(1);
    await run.getByRole("link", { name: "status: mine" }).hover();
    await run.getByRole("button", { name: "Copy tag:status=mine" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("tag:status=mine");
  });

  test("tabs have exact counts, which follow the runs", async () => {
    const page = await browser.open(world.url("/runs?where=team=etl"));
    for (const name of ["All 3", "Queued 0", "In progress 0", "Done 3", "Failed 1"]) await see(tab(page, name));
    await tab(page, "Failed 1").click();
    await expect.poll(() => rows(page).count(), soon).toBe(1);
    await see(page.getByTitle(ids.failed));
    await world.launch(job, "--tag", "team=etl", "--wait");
    await see(tab(page, "All 4"));
    await see(tab(page, "Done 4"));
    expect(await rows(page).count()).toBe(1);
  });

  test("says how many runs are new where an older page is read", async () => {
    const page = await browser.open(world.url("/runs"));
    await see(tab(page, "All 6"));
    // A page that is shorter than those of the UI, so that few runs make two.
    const answer = await page.request.post(world.url("/penstock.host.v1.RunService/ListRuns"), { data: { pageSize: 4 } });
    const { nextCursor } = (await answer.json()) as { nextCursor: string };
    await page.goto(world.url(`/runs?cursor=${encodeURIComponent(nextCursor)}`));
    await expect.poll(() => rows(page).count(), soon).toBe(2);
    await world.launch(job, "--tag", "team=late", "--wait");
    await see(page.getByRole("link", { name: "1 new run" }));
    expect(await rows(page).count()).toBe(2);
    await page.getByRole("link", { name: "1 new run" }).click();
    await expect.poll(() => rows(page).count(), soon).toBe(7);
  });

  test("chooses times and keeps views", async () => {
    const page = await browser.open(world.url("/runs?where=team=etl"));
    await page.getByRole("button", { name: "Any time" }).click();
    await lookAt(page, "search-times-1280");
    await page.getByRole("button", { name: "Last 7 days" }).click();
    await seeAddress(page, /where=team=etl\+and\+created>-7d$/);
    await see(tab(page, "All 4"));
    await page.getByRole("button", { name: "Last 7 days" }).click();
    await page.getByLabel("Until").fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Use these times" }).click();
    await see(tab(page, "All 0"));
    await see(page.getByText("No run matches this filter"));
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByLabel("Save the present filter as").fill("long ago");
    await page.keyboard.press("Enter");
    await see(page.getByRole("link", { name: "long ago" }));
    await lookAt(page, "search-views-1280");
    await page.goto(world.url("/runs"));
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("link", { name: "long ago" }).click();
    await seeAddress(page, /created<2020-01-01T00:00:00Z/);
  });

  test("fits a narrow window", async () => {
    const page = await browser.open(world.url("/runs?where=team=etl"), { width: 400 });
    await see(tab(page, "All 4"));
    await lookAt(page, "search-400");
    await selector(page).fill("team=");
    await see(options(page).first());
    await lookAt(page, "search-values-400");
  });
});

describe("the search of jobs", () => {
  test("takes selectors over metadata and the last run, and words", async () => {
    const page = await browser.open(world.url("/jobs"));
    const search = page.getByRole("combobox", { name: "Find jobs" });
    await search.fill("meta:ow");
    await see(options(page).filter({ hasText: "owner" }));
    await lookAt(page, "search-jobs-1280");
    await search.fill('meta:owner="data team"');
    await search.press("Enter");
    await see(page.getByRole("link", { name: "my_job_with_metadata", exact: true }));
    await seeNone(page.getByRole("link", { name: "failing", exact: true }));
    await search.fill("status=failure");
    await search.press("Enter");
    await seeAddress(page, /^\/jobs\?where=status=failure$/);
    await see(page.getByRole("link", { name: "failing", exact: true }));
    await seeNone(page.getByRole("link", { name: "my_job_with_metadata", exact: true }));
  });
});

describe("the first page", () => {
  test("needs little script", async () => {
    for (const path of ["/jobs", "/runs"]) {
      const page = await browser.open(world.url(path));
      await page.waitForLoadState("load");
      await see(page.locator("h1"));
      const bytes = await page.evaluate(() =>
        performance.getEntriesByType("resource").reduce((sum, entry) => (entry.name.endsWith(".js") ? sum + (entry as PerformanceResourceTiming).encodedBodySize : sum), 0));
      expect(bytes, `compressed script of ${path}`).toBeGreaterThan(50_000);
      expect(bytes, `compressed script of ${path}`).toBeLessThan(250_000);
    }
  });
});
