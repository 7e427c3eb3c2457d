import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { section, see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["local"] });
const browser = withBrowser();
const launchpad = "/jobs/local/tutorial/repository_report/launchpad";
const ops = ["open_repository", "count_commits", "measure_churn", "sizes.list_files", "sizes.largest_files", "write_csv", "write_markdown"];
// The project's own history.
const clone = path.join(import.meta.dirname, "../../..");

beforeAll(async () => {
  await world.serve("local", "tutorial");
});

describe("repository_report", () => {
  test("runs on the project's own history with config from the editor; the page shows each op, live", async () => {
    const page = await browser.open(world.url(launchpad));
    await page.getByRole("button", { name: "Insert all fields" }).click();
    const editor = page.getByRole("textbox", { name: "Config, as YAML" });
    await seeText(editor, /folder_depth: 1/);
    const output = path.join(world.dir, "report");
    await write(page, editor, `config:\n  report:\n    repository: ${clone}\n    output: ${output}\n    folder_depth: 2\n`);
    await see(page.getByText("Nothing is wrong with this launch."));
    await seeText(section(page, "What will run"), /top: 10/);
    await page.getByRole("button", { name: /^Launch the run/ }).click();

    await seeAddress(page, /^\/runs\/[0-9a-f-]{36}$/);
    await see(page.locator("h1").getByText("Success"));
    const chart = page.getByRole("table", { name: "Ops over time" });
    for (const op of ops) {
      const row = chart.getByRole("row").filter({ has: page.getByRole("button", { name: `${op}: Success`, exact: true }) });
      expect((await row.locator("[title^='Success, ']").boundingBox())?.width, `width of the bar of ${op}`).toBeGreaterThan(0);
    }
    await see(page.getByText("7 of 7 ops ended"));
    const events = page.getByRole("region", { name: "Events" }).last();
    await see(events.getByText("opened the repository"));
    await seeText(section(page, "Metadata, as of launch"), /platform team/);
    await seeText(section(page, /^Config as launched/), /folder_depth: 2/);

    await chart.getByRole("button", { name: /^count_commits: / }).click();
    await seeNone(events.getByText("opened the repository"));
    await seeText(events, /count_commits/);
    await chart.getByRole("button", { name: /^count_commits: / }).click();
    await page.getByRole("searchbox", { name: "Text in events" }).fill("opened the repository");
    await see(page.getByText(/^1 of \d+ events$/));
    await page.getByRole("searchbox", { name: "Text in events" }).fill("no event says this");
    await see(page.getByText("No event passes this filter"));

    expect(existsSync(output)).toBe(true);
    const written = readdirSync(output).filter((name) => /\.(csv|md)$/.test(name)).map((name) => readFileSync(path.join(output, name), "utf8"));
    expect(written).toHaveLength(2);
  });

  test("says where config is wrong, leads there, and does not launch", async () => {
    const page = await browser.open(world.url(launchpad));
    const editor = page.getByRole("textbox", { name: "Config, as YAML" });
    await write(page, editor, "config:\n  report:\n    top: many\n    no_such_field: 1\n");
    const problems = section(page, /^2 problems$/);
    await see(problems.getByRole("button", { name: /config\.report\.top.*line 3/ }));
    await see(problems.getByRole("button", { name: /no_such_field.*line 4|line 4.*no_such_field/ }));
    await problems.getByRole("button", { name: /line 3/ }).click();
    await expect.poll(() => activeLine(page), soon).toBe("top: many");
    await problems.getByRole("button", { name: /line 4/ }).click();
    await expect.poll(() => activeLine(page), soon).toBe("no_such_field: 1");
    await see(page.getByText("Not before what is wrong is put right."));
    const launch = page.getByRole("button", { name: /^Launch the run/ });
    expect(await launch.getAttribute("aria-disabled")).toBe("true");
    await launch.click({ force: true });
    await page.keyboard.press("Control+Enter");
    expect(new URL(page.url()).pathname).toBe(launchpad);
    const { runs } = await world.cli<{ runs: { config: string }[] }>("run", "list", "--job", "repository_report");
    expect(runs.filter((run) => run.config.includes("no_such_field"))).toEqual([]);

    await write(page, editor, "config: [unclosed");
    await see(page.getByRole("button", { name: /^Error Config.*line/ }).first());
    await write(page, editor, "a: 1\n---\nb: 2\n");
    await see(page.getByRole("button", { name: /document/ }).first());
  });

  test("previews an op selection, refuses one that lacks an input, and runs only what is selected", async () => {
    const page = await browser.open(world.url(launchpad));
    const selection = page.getByRole("textbox", { name: "Op selection" });
    await selection.fill("count_commits");
    const problem = page.getByRole("button", { name: /^Error Op selection/ });
    await seeText(problem, /open_repository/);
    await see(page.getByText("Not before what is wrong is put right."));
    await problem.click();
    expect(await selection.evaluate((field) => field === document.activeElement)).toBe(true);
    await selection.fill("no_such_op");
    await seeText(page.getByRole("button", { name: /^Error Op selection/ }), /matches no op/);

    await selection.fill("*count_commits");
    const chosen = page.getByText("2 of 7 ops");
    await see(chosen);
    await chosen.click();
    await see(page.getByRole("listitem").filter({ hasText: /^open_repository$/ }));
    await see(page.getByRole("listitem").filter({ hasText: /^count_commits$/ }));
    await write(page, page.getByRole("textbox", { name: "Config, as YAML" }), `config: {report: {repository: ${clone}}}`);
    await see(page.getByText("Nothing is wrong with this launch."));
    await page.getByRole("button", { name: /^Launch the run/ }).click();
    await seeAddress(page, /^\/runs\//);
    await see(page.locator("h1").getByText("Success"));
    await see(page.getByText("2 of 2 ops ended"));
    await see(section(page, "Tags").getByRole("link", { name: "op_selection: *count_commits" }));
  });
});

/** Replaces an editor's text, as one would by hand: what the editor adds by itself (indentation) stays out of it. */
async function write(page: Page, editor: Locator, text: string): Promise<void> {
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

/** The text of the line that the editor's cursor is in, when the editor has the focus. */
function activeLine(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.querySelector(".cm-focused .cm-activeLine")?.textContent.trim());
}
