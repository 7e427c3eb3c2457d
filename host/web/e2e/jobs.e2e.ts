import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { section, see, seeAddress, seeNone, seeText } from "./harness/see";
import { withWorld } from "./harness/world";

const world = withWorld({ locations: ["local"] });
const browser = withBrowser();
const jobs = ["my_job_with_metadata", "my_second_job_with_metadata", "my_job_with_tags", "my_second_job_with_tags", "repository_report", "daily_report"];

beforeAll(async () => {
  await world.serve("local", "tutorial");
});

describe("Jobs", () => {
  test("lists every job below its location and repository", async () => {
    const page = await browser.open(world.url("/"));
    await seeAddress(page, /^\/jobs$/);
    const list = page.getByRole("list", { name: "Jobs", exact: true });
    for (const job of jobs) await see(list.getByRole("link", { name: job, exact: true }));
    await see(list.getByRole("link", { name: "local", exact: true }));
    await see(list.getByRole("heading", { name: "tutorial" }));
    await see(page.getByText("7 jobs", { exact: true }).last());
  });

  test("finds jobs by name and by tag, and says when it finds none", async () => {
    const page = await browser.open(world.url("/jobs"));
    const search = page.getByRole("combobox", { name: "Find jobs" });
    await search.fill("second");
    await seeNone(page.getByRole("link", { name: "repository_report" }));
    await see(page.getByRole("link", { name: "my_second_job_with_tags", exact: true }));
    await seeAddress(page, /search=second/);
    await search.fill("foo=bar");
    await search.press("Enter");
    await seeAddress(page, /^\/jobs\?where=foo=bar$/);
    await see(page.getByRole("link", { name: "my_job_with_tags", exact: true }));
    await seeNone(page.getByRole("link", { name: "my_job_with_metadata", exact: true }));
    await search.fill("nothing like this");
    await see(page.getByText("No job matches “nothing like this”"));
    await page.getByRole("link", { name: "Show all jobs" }).click();
    await see(page.getByRole("link", { name: "repository_report" }));
  });
});

describe("Job", () => {
  test("shows metadata: the owner, and a link that opens safely in a new tab", async () => {
    const page = await browser.open(world.url("/jobs"));
    await page.getByRole("link", { name: "my_job_with_metadata", exact: true }).click();
    await seeAddress(page, /^\/jobs\/local\/tutorial\/my_job_with_metadata$/);
    const metadata = section(page, "Metadata");
    await see(metadata.getByText("owner", { exact: true }));
    await see(metadata.getByText("data team", { exact: true }));
    const link = metadata.getByRole("link", { name: "https://docs.dagster.io" });
    await see(link);
    expect(await link.getAttribute("href")).toBe("https://docs.dagster.io");
    expect(await link.getAttribute("target")).toBe("_blank");
    expect((await link.getAttribute("rel"))?.split(" ").sort()).toEqual(["noopener", "noreferrer"]);
    await metadata.getByRole("button", { name: "Copy the address" }).click();
    await see(metadata.getByRole("button", { name: "Copied" }));
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("https://docs.dagster.io");
  });

  test("says when there is no metadata, and which tags every run gets", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/my_job_with_tags"));
    await see(section(page, "Metadata").getByText("This job has no metadata."));
    await section(page, "Tags that every run gets").getByRole("link", { name: "foo: bar" }).click();
    await seeAddress(page, /^\/runs\?where=foo=bar$/);
  });

  test("says that there is no such job", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/no_such_job"), { expected: [/status of 404/] });
    await see(page.getByText("Could not find the job no_such_job"));
  });

  test("draws the graph, opens what is nested, and tells of each op", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/repository_report"));
    for (const op of ["open_repository", "count_commits", "measure_churn", "write_csv", "write_markdown"]) {
      await see(page.getByRole("button", { name: `op ${op}`, exact: true }));
    }
    await page.getByRole("button", { name: "op count_commits", exact: true }).click();
    await seeAddress(page, /node=count_commits/);
    await see(section(page, /count_commits/).getByText("Counts the commits of each author in each ISO week, in UTC."));
    await page.getByRole("button", { name: "Back to the job" }).click();
    await see(section(page, "Metadata").getByText("platform team"));
    await page.getByRole("button", { name: "Open the graph sizes" }).click();
    await see(page.getByRole("button", { name: "op sizes.largest_files", exact: true }));
    await page.getByRole("navigation", { name: "Nested graph" }).getByRole("button", { name: "repository_report" }).click();
    await see(page.getByRole("button", { name: "op write_csv", exact: true }));
  });

  test("highlights an op selection, and says what is wrong with one", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/repository_report"));
    const selection = page.getByRole("textbox", { name: "Op selection to highlight" });
    await selection.fill("*write_csv");
    await see(page.getByText("3 ops of 7 selected"));
    await see(page.getByRole("button", { name: "op count_commits, in the selection" }));
    await see(page.getByRole("button", { name: "op measure_churn, not in the selection" }));
    await seeAddress(page, /select=\*write_csv/);
    await selection.fill('*(write_csv or measure_churn) and not name:"measure_*"');
    await see(page.getByText("3 ops of 7 selected"));
    await selection.fill("*write_cvs");
    await see(page.getByText('Column 2: "write_cvs" matches no op; did you mean "write_csv"?'));
    await selection.fill("write_csv");
    await seeText(page.getByRole("status").filter({ hasText: "Clear" }), /count_commits/);
    await page.getByRole("button", { name: "Clear" }).click();
    await see(page.getByRole("button", { name: "op measure_churn", exact: true }));
  });

  test("finds an op in a nested graph", async () => {
    const page = await browser.open(world.url("/jobs/local/tutorial/repository_report"));
    await page.getByRole("combobox", { name: "Find an op" }).fill("list_files");
    await page.keyboard.press("Enter");
    await seeAddress(page, /graph=sizes.*node=sizes\.list_files/);
    await see(section(page, /list_files/).getByText("Lists the files of the commit with their sizes."));
  });
});
