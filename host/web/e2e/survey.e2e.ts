import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAt } from "./harness/look";
import { section, see, seeAddress, seeNone, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

// The tutorial's job folder_survey, on the project's own history: a map, a resource, a command, a secret, and what is
// executed again when one folder fails.
const world = withWorld({ locations: ["local", "stuck"] });
const browser = withBrowser();
const clone = path.join(import.meta.dirname, "../../..");
const launchpad = "/jobs/local/tutorial/folder_survey/launchpad";
const secret = "correct-horse-battery-staple";
// Only the folder of the host has more lines.
const budget = 60_000;

beforeAll(async () => {
  await world.serveWith("local", "tutorial", { SURVEY_KEY: secret });
});

/** The config of a survey. */
function config(lineBudget: number): string {
  return `config:\n  survey:\n    repository: ${clone}\n    output: ${world.dir}/survey\n    line_budget: ${lineBudget}\n    signing_key: {env: SURVEY_KEY}\n`;
}

async function launchOverBudget(...args: string[]): Promise<string> {
  const file = path.join(world.dir, "over.yaml");
  writeFileSync(file, config(budget));
  return world.launch("local/tutorial/folder_survey", "--config", file, ...args);
}

describe("folder_survey", () => {
  test("is launched, fails for one folder, and is executed again from there with another config", async () => {
    const page = await browser.open(world.url(launchpad));
    await write(page, config(budget));
    await see(page.getByText("Nothing is wrong with this launch."));
    await page.getByRole("button", { name: /^Launch the run/ }).click();
    await seeAddress(page, /^\/runs\/[0-9a-f-]{36}$/);
    const parent = idOf(page);
    await see(page.locator("h1").getByText("Failure"));

    // The instances of the map, those that failed, and how far they came.
    const chart = page.getByRole("table", { name: "Ops over time" });
    await see(chart.getByRole("button", { name: /^count_lines, \d+ instances: Failed$/ }));
    await page.getByRole("button", { name: "Show the instances of count_lines" }).click();
    await see(chart.getByRole("button", { name: "count_lines[docs]: Success" }));
    await see(chart.getByRole("button", { name: "count_lines[host]: Failed" }));
    await page.getByRole("button", { name: "1 failed", exact: true }).click();
    await seeNone(chart.getByRole("button", { name: "count_lines[docs]: Success" }));
    const progress = chart.getByRole("progressbar", { name: "Progress of count_lines[host]" });
    await see(progress);
    await seeText(chart, /(\d[\d,]*) of \1 files|(\d[\d,]*) \/ \2 files/);
    await see(chart.getByRole("button", { name: "write_survey: Skipped" }));
    await lookAt(page, "survey-failed-1280");

    // Why, op by op, leading to the op's events.
    const why = section(page, "Why did it fail?");
    await seeText(why, /host has \d+ lines, 60000 are allowed/);
    await why.getByRole("button", { name: /^Show \d reasons?$/ }).click();
    await why.getByRole("link", { name: "Events of count_lines[host]" }).click();
    await seeAddress(page, /op=count_lines\[host\]/);

    await page.getByRole("button", { name: "Re-execute", exact: true }).click();
    await page.getByRole("menuitem", { name: "From failure" }).click();
    const dialog = page.getByRole("dialog", { name: "Re-execute: from failure" });
    await dialog.getByText("3 ops", { exact: true }).click();
    for (const op of ["count_lines[host]", "rank_folders", "write_survey"]) await see(dialog.getByRole("listitem").getByText(op, { exact: true }));
    await dialog.getByText(/^\d+ outputs are taken from earlier runs$/).click();
    const taken = dialog.getByRole("region", { name: "Outputs that are taken" });
    for (const op of ["list_folders", "git_version", "count_lines[docs]"]) await see(taken.getByText(op, { exact: true }));
    expect(await taken.getByText("count_lines[host]").count()).toBe(0);
    await lookAt(page, "survey-reexecute-1280");

    // The same, after the config was edited.
    await dialog.getByRole("link", { name: "Edit first…" }).click();
    await seeAddress(page, /launchpad\?reexecute=/);
    await expect.poll(() => page.getByRole("radio", { name: /^From failure/ }).isChecked(), soon).toBe(true);
    await write(page, config(10_000_000));
    await see(page.getByText("Nothing is wrong with this launch."));
    await seeText(section(page, "What will run"), /line_budget: 10000000/);
    await lookAt(page, "survey-relaunch-1280");
    await page.getByRole("button", { name: /^Launch the run/ }).click();
    await expect.poll(() => idOf(page), soon).toMatch(/^(?!.*launchpad)[0-9a-f-]{36}$/);
    const child = idOf(page);
    expect(child).not.toBe(parent);
    await see(page.locator("h1").getByText("Success"));
    await see(page.getByText("3 of 3 ops ended"));
    await see(chart.getByRole("button", { name: /^count_lines, .*: Success$/ }));

    // Each leads to the other.
    const lineage = section(page, "Retries and re-executions");
    await seeText(lineage, /Re-execution from failure/);
    await lookAt(page, "survey-child-1280");
    await lineage.getByTitle(parent).click();
    await seeAddress(page, new RegExp(`^/runs/${parent}$`));
    await see(page.locator("h1").getByText("Failure"));
    await lineage.getByRole("list", { name: "Executed again from it" }).getByTitle(child).click();
    await seeAddress(page, new RegExp(`^/runs/${child}$`));
    await see(page.locator("h1").getByText("Success"));
  });

  test("shows what its ops reported, and the secret nowhere", async () => {
    const file = path.join(world.dir, "plain.yaml");
    writeFileSync(file, config(0));
    const id = await world.launch("local/tutorial/folder_survey", "--config", file, "--wait");
    const page = await browser.open(world.url(`/runs/${id}`), { height: 1200 });
    await see(page.locator("h1").getByText("Success"));
    const events = page.getByRole("region", { name: "Events" }).last();
    const search = page.getByRole("searchbox", { name: "Text in events" });
    const chosen = page.getByRole("region", { name: "The chosen event" });

    await search.fill("The largest folders");
    await events.getByText("The largest folders").click();
    const table = chosen.getByRole("table");
    await see(table.getByRole("columnheader", { name: "folder" }));
    await see(table.getByRole("cell", { name: "host", exact: true }));
    await seeHidden(page);
    await lookAt(page, "survey-note-1280");

    const tags = section(page, "Tags").getByRole("listitem");
    for (const key of ["folders", "head", "largest_folder"]) await seeText(tags.filter({ hasText: new RegExp(`${key}:`) }), /set by the run's code/);

    for (const said of ["Opened resource objects", "Closed resource objects"]) {
      await search.fill(said);
      await see(events.getByRole("listitem").getByText(said));
    }
    await search.fill("output stored");
    await page.getByRole("button", { name: /^write_survey: / }).click();
    await events.getByRole("listitem").first().click();
    await seeText(chosen, /signed\s+true/i);
    await seeHidden(page);
    await page.getByRole("button", { name: /^write_survey: / }).click();

    await page.getByRole("link", { name: "stdout and stderr" }).click();
    await seeAddress(page, /said=output/);
    const output = page.getByRole("region", { name: "Lines of output" });
    await see(output.getByText(/^git version \d/));
    await seeText(output, /git_version/);
    await page.getByRole("combobox", { name: "Output of" }).selectOption("rank_folders");
    await see(page.getByText("rank_folders wrote nothing to stdout or stderr"));
    await page.getByRole("combobox", { name: "Output of" }).selectOption("git_version");
    await see(output.getByText(/^git version \d/));
    await lookAt(page, "survey-output-1280");
    await seeHidden(page);

    await page.getByRole("link", { name: "Graph", exact: true }).click();
    await see(page.getByRole("button", { name: /^op count_lines/ }));
    await lookAt(page, "survey-graph-1280");
    await seeHidden(page);
    expect(JSON.stringify(await world.cli("run", "show", id))).not.toContain(secret);
  });

  test("does not take a secret as a literal, and does not repeat it", async () => {
    const page = await browser.open(world.url(launchpad));
    await write(page, `config:\n  survey:\n    signing_key: ${secret}\n`);
    await see(page.getByText("Not before what is wrong is put right."));
    const problems = section(page, /^1 problem$/);
    await seeText(problems, /signing_key/);
    await seeText(problems, /env/);
    expect(await problems.innerText()).not.toContain(secret);
    await lookAt(page, "survey-literal-1280");
  });

  test("is tried again by itself when a tag asks for it, once", async () => {
    const id = await launchOverBudget("--tag", "penstock/max_retries=1");
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.locator("h1").getByText("Failure"));
    const children = section(page, "Retries and re-executions").getByRole("list", { name: "Executed again from it" });
    await seeText(children, /Retry 1/);
    await children.getByRole("link").click();
    await expect.poll(() => idOf(page), soon).not.toBe(id);
    await see(page.locator("h1").getByText("Failure"));
    const lineage = section(page, "Retries and re-executions");
    await seeText(lineage, /Retry 1 from failure/);
    await see(lineage.getByTitle(id));
    await see(page.getByText("3 of 3 ops ended"));
    await page.getByRole("button", { name: /^Show \d reasons?$/ }).click();
    await seeNone(page.getByText("Retry due"));
    await lookAt(page, "survey-retry-1280");
    const { runs } = await world.cli<{ runs: unknown[] }>("run", "list", "--tag", `penstock/root_run=${id}`);
    expect(runs, "retries").toHaveLength(1);
  });

  test("shows how far its ops are while they run, and is canceled", async () => {
    await world.serveWith("stuck", "tutorial", { PATH: stuckGit() });
    const file = path.join(world.dir, "stuck.yaml");
    writeFileSync(file, `config: {survey: {repository: ${clone}}}\n`);
    const id = await world.launch("stuck/tutorial/folder_survey", "--config", file);
    const page = await browser.open(world.url(`/runs/${id}`));
    await see(page.locator("h1").getByText("Running"));
    const chart = page.getByRole("table", { name: "Ops over time" });
    await see(chart.getByRole("button", { name: /^count_lines, \d+ instances: Running$/ }));
    await page.getByRole("button", { name: "Show the instances of count_lines" }).click();
    await page.getByRole("combobox", { name: "State of the instances of count_lines" }).selectOption("running");
    const host = chart.getByRole("button", { name: /^count_lines\[.*\]: Running$/ }).first();
    await see(host);
    await see(chart.getByRole("progressbar", { name: /^Progress of count_lines\[/ }).first());
    await seeText(chart, /\d+ of \d+ files/);
    const why = section(page, "Why is it not finished?");
    await why.getByRole("button", { name: /^Show \d+ reasons?$/ }).click();
    await seeText(why, /count_lines\[.*\d+ of \d+ files/);
    await lookAt(page, "survey-live-1280");
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("dialog", { name: "Cancel this run?" }).getByRole("button", { name: "Cancel the run" }).click();
    await see(page.locator("h1").getByText("Canceled"));
    await see(chart.getByRole("button", { name: /^count_lines, \d+ instances: Canceled$/ }));
    await seeText(page.locator("main"), /asked for in the web UI/);
    await page.getByRole("button", { name: "Re-execute", exact: true }).click();
    await see(page.getByRole("menuitem", { name: "From failure" }));
  });

  test("stays readable on a narrow window", async () => {
    const id = await launchOverBudget("--tag", "reason=narrow");
    const page = await browser.open(world.url(`/runs/${id}`), { width: 400 });
    await see(page.locator("h1").getByText("Failure"));
    await page.getByRole("button", { name: "Show the instances of count_lines" }).click();
    await page.getByRole("button", { name: /^Show \d reasons?$/ }).click();
    await lookAt(page, "survey-failed-400");
    await page.getByRole("link", { name: "stdout and stderr" }).click();
    await see(page.getByRole("region", { name: "Lines of output" }).getByText(/^git version \d/));
    await lookAt(page, "survey-output-400");
    await page.getByRole("button", { name: "Re-execute", exact: true }).click();
    await page.getByRole("menuitem", { name: "From failure" }).click();
    await page.getByRole("dialog").getByText(/^\d+ outputs are taken from earlier runs$/).click();
    await lookAt(page, "survey-reexecute-400");
    await page.getByRole("dialog").getByRole("link", { name: "Edit first…" }).click();
    await see(page.getByRole("radiogroup", { name: "Ops to execute again" }));
    await seeText(section(page, "What will run"), /line_budget/);
    await lookAt(page, "survey-relaunch-400");
    await page.goto(world.url("/jobs/local/tutorial/folder_survey"));
    await see(section(page, "Resources").getByText("objects", { exact: true }));
    await lookAt(page, "survey-job-400");
  });
});

/** A PATH with a git that answers for some objects, and then for none. */
function stuckGit(): string {
  const folder = path.join(world.dir, "bin");
  const git = path.join(folder, "git");
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  mkdirSync(folder);
  writeFileSync(git, `#!${process.execPath}
const { spawn } = require("node:child_process");
const args = process.argv.slice(2);
const asks = args.includes("cat-file");
const git = spawn(${JSON.stringify(real)}, args, { stdio: [asks ? "pipe" : "inherit", "inherit", "inherit"] });
git.on("exit", (code) => process.exit(code ?? 1));
let answers = 30;
if (asks) process.stdin.on("data", (question) => { if (answers-- > 0) git.stdin.write(question); }).on("end", () => git.stdin.end());
`);
  chmodSync(git, 0o755);
  return `${folder}:${process.env.PATH ?? ""}`;
}

/** The secret's value is nowhere in the page, whether it is seen or not. */
async function seeHidden(page: Page): Promise<void> {
  expect(await page.content()).not.toContain(secret);
}

/** The run that the page shows. */
function idOf(page: Page): string {
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}

/** Replaces the config, as one would by hand. */
async function write(page: Page, text: string): Promise<void> {
  const editor: Locator = page.getByRole("textbox", { name: "Config, as YAML" });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}
