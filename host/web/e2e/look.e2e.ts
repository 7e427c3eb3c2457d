import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { lookAtBoth } from "./harness/look";
import { see } from "./harness/see";
import { withWorld } from "./harness/world";

// Every page as it is seen, kept as screenshots: each at both widths and in both schemes, checked with axe. The console
// and the content policy are watched on every page of every test.
const world = withWorld({ locations: ["tutorial", "code", "kinds", "older", "absent"] });
const browser = withBrowser();
const clone = path.join(import.meta.dirname, "../../..");
const runs = { report: "", failing: "", live: "" };

beforeAll(async () => {
  await world.serve("tutorial", "tutorial");
  await world.serve("code", "testcode");
  await world.serve("kinds", "peerserver", "--protocol", "0.15.0", "--declare");
  await world.serve("older", "peerserver", "--protocol", "0.14.17");
  const config = path.join(world.dir, "report.yaml");
  writeFileSync(config, `config:\n  report:\n    repository: ${clone}\n    output: ${world.dir}/report\n    folder_depth: 2\n`);
  runs.report = await world.launch("repository_report", "--config", config, "--tag", "team=data", "--tag", "reason=weekly report", "--wait");
  runs.failing = await world.launch("code/tests/failing");
  await world.launch("tutorial/tutorial/my_job_with_tags", "--tag", "extra=1", "--wait");
  await world.launch("older/tutorial/my_job_with_metadata", "--wait");
  writeFileSync(config, JSON.stringify({ config: { gate: { started: path.join(world.dir, "started"), open: path.join(world.dir, "never"), lines: 30 } } }));
  runs.live = await world.launch("gated", "--config", config);
});

interface Look {
  path: () => string;
  /** Waits until all of the page is there; may press on it first. */
  ready: (page: Page) => Promise<unknown>;
}

const longConfig = "config:\n  report:\n    repository: .\n    top: many\n    no_such_field: 1\n";

const looks: Record<string, Look> = {
  jobs: { path: () => "/jobs", ready: (page) => see(page.getByText("Success", { exact: true }).first()) },
  "jobs-none": { path: () => "/jobs?search=no+such+job", ready: (page) => see(page.getByText("No job matches")) },
  job: { path: () => "/jobs/tutorial/tutorial/repository_report", ready: (page) => see(page.getByRole("button", { name: "op write_csv" })) },
  "job-op": {
    path: () => "/jobs/tutorial/tutorial/repository_report?node=count_commits&select=*write_csv",
    ready: async (page) => {
      await see(page.getByRole("button", { name: "op count_commits, in the selection" }));
      await see(page.getByRole("button", { name: "Back to the job" }));
    },
  },
  "job-kinds": { path: () => "/jobs/kinds/tutorial/nested", ready: (page) => see(page.getByText("a chart of 3 points")) },
  "job-refused": { path: () => "/jobs/older/tutorial/my_job_with_metadata", ready: (page) => see(page.getByRole("region", { name: /^Metadata not shown/ })) },
  "job-missing": { path: () => "/jobs/tutorial/tutorial/no_such_job", ready: (page) => see(page.getByText("Could not find the job")) },
  "job-runs": { path: () => "/jobs/tutorial/tutorial/repository_report/runs", ready: (page) => see(page.getByTitle(runs.report)) },
  "job-runs-none": { path: () => "/jobs/tutorial/tutorial/my_second_job_with_tags/runs", ready: (page) => see(page.getByText("No runs yet")) },
  "job-partitions": { path: () => "/jobs/tutorial/tutorial/daily_report/partitions?select=2026-02-01..2026-02-28&order=oldest", ready: (page) => see(page.getByText("28 rows selected")) },
  "job-automation": { path: () => "/jobs/tutorial/tutorial/daily_report", ready: (page) => see(page.getByRole("link", { name: "daily", exact: true })) },
  launchpad: {
    path: () => "/jobs/tutorial/tutorial/repository_report/launchpad",
    ready: async (page) => {
      await page.getByRole("button", { name: "Insert all fields" }).click();
      await see(page.getByText("Nothing is wrong with this launch."));
      await see(page.getByText("Config, with defaults"));
    },
  },
  "launchpad-problems": {
    path: () => "/jobs/tutorial/tutorial/repository_report/launchpad",
    ready: async (page) => {
      await page.getByRole("textbox", { name: "Config, as YAML" }).click();
      await page.keyboard.press("Control+a");
      await page.keyboard.insertText(longConfig);
      await see(page.getByRole("region", { name: "2 problems" }));
    },
  },
  "launchpad-tags": {
    path: () => "/jobs/tutorial/tutorial/repository_report/launchpad",
    ready: async (page) => {
      await page.getByRole("button", { name: /^Add tags/ }).click();
      const dialog = page.getByRole("dialog", { name: "Tags of this run" });
      await dialog.getByRole("textbox", { name: "Key of tag 1" }).fill("team");
      await dialog.getByRole("textbox", { name: "Value of tag 1" }).fill("data");
      await dialog.getByRole("button", { name: "Add a tag" }).click();
      await dialog.getByRole("textbox", { name: "Key of tag 2" }).fill("half");
      await dialog.getByRole("button", { name: /^Apply/ }).click();
      await see(dialog.getByRole("alert"));
    },
  },
  runs: { path: () => "/runs", ready: (page) => see(page.getByTitle(runs.report)) },
  "runs-filtered": { path: () => "/runs?tag=team:data&status=SUCCESS", ready: (page) => see(page.getByTitle(runs.report)) },
  "run-report": {
    path: () => `/runs/${runs.report}`,
    ready: async (page) => {
      await see(page.getByText("7 of 7 ops ended"));
      await see(page.getByText("platform team"));
    },
  },
  "run-failing": {
    path: () => `/runs/${runs.failing}`,
    ready: async (page) => {
      await page.getByRole("button", { name: "First error" }).click();
      await see(page.getByRole("region", { name: "The chosen event" }));
    },
  },
  "run-live": {
    path: () => `/runs/${runs.live}`,
    ready: async (page) => {
      await see(page.getByRole("button", { name: "wait: Running" }));
      await see(page.getByText("before line=29"));
    },
  },
  "run-cancel": {
    path: () => `/runs/${runs.live}`,
    ready: async (page) => {
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await see(page.getByRole("dialog", { name: "Cancel this run?" }));
    },
  },
  deployment: {
    path: () => "/deployment",
    ready: async (page) => {
      await see(page.locator("#location-absent").getByText("Unavailable", { exact: true }));
      await see(page.getByRole("group", { name: "Queue" }));
    },
  },
  palette: {
    path: () => "/jobs",
    ready: async (page) => {
      await see(page.getByRole("link", { name: "repository_report", exact: true }));
      await page.keyboard.press("/");
      await page.getByRole("combobox", { name: /^Search jobs/ }).fill("report");
      await see(page.getByRole("option").filter({ hasText: "repository_report" }).first());
    },
  },
  "not-found": { path: () => "/no/such/page", ready: (page) => see(page.getByText("There is no page at this address")) },
};

describe("at both widths, in both schemes", () => {
  test.each(Object.entries(looks))("%s", async (name, look) => {
    const page = await browser.open(world.url(look.path()), { expected: [/status of 404/] });
    await look.ready(page);
    await lookAtBoth(page, name);
  });
});
