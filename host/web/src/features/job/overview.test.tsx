import { screen, waitFor, within } from "@testing-library/react";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { commits, nightly } from "@/testing/automation-samples";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { mappedJob, readyLocation, reportJob, withMetadata } from "@/testing/samples";

const page = "/jobs/local/tutorial/report";

function hostWith(job = reportJob()) {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(job);
  return host;
}

it("shows description, tags of every run, config fields and code version", async () => {
  renderPage(page, hostWith());
  expect(await screen.findByText("commits", { selector: "strong" })).toBeDefined();
  const tags = within(screen.getByRole("region", { name: "Tags that every run gets" }));
  expect(tags.getAllByRole("link").map((chip) => chip.getAttribute("href"))).toEqual(["/runs?where=team=data", "/runs?where=tier=gold"]);
  expect(within(screen.getByRole("region", { name: "Config" })).getByText("weeks")).toBeDefined();
  expect(within(screen.getByRole("region", { name: "Code" })).getByText("abc123")).toBeDefined();
});

it("draws the graph; an op shows itself, a nested graph opens", async () => {
  const { user, address } = renderPage(page, hostWith());
  await user.click(await screen.findByRole("button", { name: "op write" }));
  expect(address()).toBe(`${page}?node=write`);
  expect(await screen.findByText("from read.result")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Back to the job" }));
  await user.click(screen.getByRole("button", { name: "Open the graph tidy" }));
  expect(address()).toBe(`${page}?graph=tidy`);
  expect(await screen.findByRole("button", { name: "op tidy.count" })).toBeDefined();
  await user.click(within(screen.getByRole("navigation", { name: "Nested graph" })).getByRole("button", { name: "report" }));
  expect(address()).toBe(page);
});

it("shows the policies of an op and of the job", async () => {
  const definition = {
    name: "report",
    maxConcurrent: 4,
    ops: [{ name: "read", timeout: { seconds: 600n }, retry: { maxRetries: 3, delay: { seconds: 10n } } }],
    graph: { name: "report", nodes: [{ name: "read", definition: { case: "op" as const, value: "read" } }] },
  };
  const { user } = renderPage(page, hostWith(reportJob({ definition })));
  expect(await screen.findByText("at most 4")).toBeDefined();
  await user.click(await screen.findByRole("button", { name: "op read" }));
  const policies = within(await screen.findByRole("region", { name: "Policies" }));
  expect(policies.getByText("3, the first after 10.0 s")).toBeDefined();
  expect(policies.getByText("10 min for each attempt")).toBeDefined();
});

it("shows resources: what they are, which config they read, which ops use them", async () => {
  renderPage(page, hostWith(mappedJob()));
  const resources = within(await screen.findByRole("region", { name: "Resources" }));
  expect(await resources.findByText("rows", { selector: "strong" })).toBeDefined();
  expect(resources.getByRole("listitem").textContent).toMatch(/^db\*sql\.DB.*reads config databaseused by parse$/s);
});

it("says that no op uses a resource", async () => {
  renderPage(page, hostWith());
  expect(await screen.findByText("None of its ops uses a resource.")).toBeDefined();
});

it("shows what is mapped in the graph, and of an op its map, resources, code version and what becomes of its output", async () => {
  const { user } = renderPage(page, hostWith(mappedJob()));
  await user.click(await screen.findByRole("button", { name: "op parse, for each item" }));
  expect((await screen.findByRole("region", { name: "Map" })).textContent).toContain("one instance of it for each item of list.result");
  expect(screen.getByText("from each item of list.result")).toBeDefined();
  const code = within(screen.getByRole("region", { name: "Code and output" }));
  expect(code.getByText("db")).toBeDefined();
  expect(code.getByText("transient: it is never stored")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "op list" }));
  expect(within(screen.getByRole("region", { name: "Code and output" })).getByText("3")).toBeDefined();
  expect(screen.queryByRole("region", { name: "Map" })).toBeNull();
});

it("finds an op, also in a nested graph", async () => {
  const { user, address } = renderPage(page, hostWith());
  await user.type(await screen.findByRole("combobox", { name: "Find an op" }), "cou{Enter}");
  expect(address()).toBe(`${page}?graph=tidy&node=tidy.count`);
});

it("highlights an op selection as the host reads it, and leads to its launch", async () => {
  const host = hostWith();
  host.preview = (launch) =>
    launch?.opSelection === "read+" ? { opPaths: ["read", "write"] } : { problems: [{ field: "op_selection", column: 1, message: "matches no op" }] };
  const { user } = renderPage(`${page}?select=read%2B`, host);
  expect(await screen.findByText("2 ops of 3 selected")).toBeDefined();
  expect(await screen.findByRole("button", { name: "op read, in the selection" })).toBeDefined();
  expect(screen.getByRole("button", { name: "graph tidy, not in the selection" })).toBeDefined();
  expect(screen.getByRole("link", { name: "Launch these" }).getAttribute("href")).toBe(`${page}/launchpad?ops=read%2B`);
  await user.clear(screen.getByRole("textbox", { name: "Op selection to highlight" }));
  await user.type(screen.getByRole("textbox", { name: "Op selection to highlight" }), "x");
  expect(await screen.findByText("Column 1: matches no op")).toBeDefined();
});

it("shows every kind of metadata in the author's order, and what it does not know as text", async () => {
  const host = hostWith(
    withMetadata(
      { key: "owner", kind: "text", value: { case: "text", value: "data team" } },
      { key: "docs", kind: "url", value: { case: "url", value: "https://docs.example.com" } },
      { key: "path", kind: "path", value: { case: "path", value: "/srv/a.csv" } },
      { key: "notebook", kind: "notebook", value: { case: "path", value: "/srv/a.ipynb" } },
      { key: "json", kind: "json", value: { case: "json", value: '{"limit":9007199254740993}' } },
      { key: "markdown", kind: "markdown", value: { case: "markdown", value: "**bold**" } },
      { key: "int", kind: "int", value: { case: "int", value: 1234567n } },
      { key: "big", kind: "int", value: { case: "bigInt", value: "123456789012345678901" } },
      { key: "float", kind: "float", value: { case: "float", value: Number.NaN } },
      { key: "bool", kind: "bool", value: { case: "bool", value: false } },
      { key: "null", kind: "null", value: { case: "null", value: true } },
      { key: "timestamp", kind: "timestamp", value: { case: "timestamp", value: timestampFromMs(1_767_225_600_000) } },
      {
        key: "table",
        kind: "table",
        value: { case: "table", value: { schema: { columns: [{ name: "region", type: "string" }] }, rows: [{ cells: [{ value: { case: "text", value: "EU" } }] }, { cells: [{}] }] } },
      },
      { key: "schema", kind: "table_schema", value: { case: "tableSchema", value: { columns: [{ name: "orders", type: "int", notNull: true, unique: true }], constraints: ["sorted"] } } },
      { key: "code", kind: "code", value: { case: "code", value: { module: "example.com/m", symbol: "Run", file: "run.go", line: 7 } } },
      { key: "run", kind: "run", value: { case: "runId", value: "0193a4b2-77c1-7d10" } },
      { key: "job", kind: "job", value: { case: "job", value: { job: "other" } } },
      { key: "asset", kind: "asset", value: { case: "asset", value: { path: ["warehouse", "orders"] } } },
      { key: "chart", kind: "chart", textFallback: "42 points" },
    ),
  );
  host.addRun({ id: "0193a4b2-77c1-7d10", status: RunStatus.SUCCESS });
  renderPage(page, host);
  const metadata = within(await screen.findByRole("region", { name: "Metadata" }));
  const shown = (key: string) => within(metadata.getByText(key, { selector: "dt" }).parentElement!);
  expect(metadata.getAllByRole("term").map((term) => term.textContent).slice(0, 3)).toEqual(["owner", "docs", "path"]);
  expect(shown("owner").getByText("data team")).toBeDefined();
  const link = shown("docs").getByRole("link");
  expect([link.getAttribute("href"), link.getAttribute("rel"), link.getAttribute("target")]).toEqual(["https://docs.example.com", "noopener noreferrer", "_blank"]);
  expect(shown("path").getByRole("button", { name: "/srv/a.csv" })).toBeDefined();
  expect(shown("notebook").getByLabelText("Notebook")).toBeDefined();
  expect(shown("json").getByText('"limit"')).toBeDefined();
  expect(await shown("markdown").findByText("bold", { selector: "strong" })).toBeDefined();
  expect(shown("int").getByText("1,234,567").getAttribute("title")).toBe("1234567");
  expect(shown("big").getByText("123,456,789,012,345,678,901")).toBeDefined();
  expect(shown("float").getByText("NaN")).toBeDefined();
  expect(shown("bool").getByText("false")).toBeDefined();
  expect(shown("null").getByText("null", { selector: "code" })).toBeDefined();
  expect(shown("timestamp").getByTitle("2026-01-01T00:00:00.000Z")).toBeDefined();
  expect(within(shown("table").getByRole("table")).getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["EU", "null"]);
  expect(shown("schema").getByText("not null, unique")).toBeDefined();
  expect(shown("schema").getByText("Of the table: sorted")).toBeDefined();
  expect(shown("code").getByText("run.go:7")).toBeDefined();
  expect(await shown("run").findByText("Success")).toBeDefined();
  expect(shown("job").getByRole("link").getAttribute("href")).toBe("/jobs/local/tutorial/other");
  expect(shown("asset").getByLabelText("Asset warehouse/orders")).toBeDefined();
  expect(shown("chart").getByText("42 points")).toBeDefined();
  expect(shown("chart").getByText(/needs a newer host/)).toBeDefined();
});

it("says that a job has no metadata", async () => {
  renderPage(page, hostWith());
  expect(await screen.findByText("This job has no metadata.")).toBeDefined();
});

it("says that metadata is not shown, why, and what to do; never an empty list", async () => {
  const refusal = { code: "SERVER_TOO_OLD", reported: '"0.14.17"', required: "0.14.18", hostVersion: "0.15.0", withheld: 2, message: "The server is too old.", remedy: "Upgrade it." };
  renderPage(page, hostWith(reportJob({ metadata: { state: FeatureState.REFUSED, content: { case: "refusal", value: refusal } } })));
  const section = within(await screen.findByRole("region", { name: /Metadata not shown/ }));
  for (const text of ["The server is too old.", "Upgrade it.", '"0.14.17"', "0.14.18", "0.15.0", "2 entries", "SERVER_TOO_OLD"]) {
    expect(section.getByText(text)).toBeDefined();
  }
  expect(screen.queryByText("This job has no metadata.")).toBeNull();
});

it("shows stale metadata with its notice, and says when it is unavailable", async () => {
  const host = hostWith(reportJob({ metadata: { state: FeatureState.STALE, notice: "12 minutes old", content: { case: "shown", value: { entries: [{ key: "owner", kind: "text", value: { case: "text", value: "data team" } }] } } } }));
  renderPage(page, host);
  expect(await screen.findByText("12 minutes old")).toBeDefined();
  expect(screen.getByText("data team")).toBeDefined();
  expect(screen.getByText("Stale")).toBeDefined();
});

it("says so when metadata is unavailable", async () => {
  renderPage(page, hostWith(reportJob({ metadata: { state: FeatureState.UNAVAILABLE, content: { case: "refusal", value: { message: "It was never fetched." } } } })));
  expect(await screen.findByText("It was never fetched.")).toBeDefined();
  expect(screen.getByText("Unavailable")).toBeDefined();
});

it("keeps what users write inert", async () => {
  const evil = '<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> [click](javascript:alert(1)) ![pixel](https://evil.example/p.png) [fine](https://a.example)';
  const host = hostWith(
    withMetadata(
      { key: "md", kind: "markdown", value: { case: "markdown", value: evil } },
      { key: "url", kind: "url", value: { case: "url", value: "javascript:alert(2)" } },
      { key: "<b>key</b>", kind: "text", value: { case: "text", value: "<img src=x onerror=alert(3)>" } },
    ),
  );
  renderPage(page, host);
  expect(await screen.findByText("fine")).toBeDefined();
  await waitFor(() => { expect(screen.getByText("click").closest("a")).toBeNull(); });
  expect(screen.getByText("javascript:alert(2)").closest("a")).toBeNull();
  expect(screen.getByText("<b>key</b>")).toBeDefined();
  expect(screen.getByText("<img src=x onerror=alert(3)>")).toBeDefined();
  expect(document.querySelectorAll("main script, main img, main iframe")).toHaveLength(0);
  expect([...document.querySelectorAll("main a")].filter((link) => /^\s*javascript:/i.test(link.getAttribute("href") ?? ""))).toEqual([]);
});

it("says so when there is no such job", async () => {
  renderPage("/jobs/local/tutorial/gone", hostWith());
  expect(await screen.findByText("Could not find the job gone")).toBeDefined();
  expect(screen.getByText("there is no job local/tutorial/gone")).toBeDefined();
});

it("shows what launches the job by itself, and says of a location that is refused why", async () => {
  const host = hostWith();
  host.automation.add(nightly());
  host.automation.add(commits({ sensor: { name: "commits", jobs: ["other"] } }));
  host.automation.refuse({ state: FeatureState.REFUSED, capability: "sensors", location: "local", message: "sensors need protocol 0.15.0" });
  host.automation.refuse({ state: FeatureState.REFUSED, capability: "sensors", location: "elsewhere", message: "of another location" });
  renderPage(page, host);
  const section = within(await screen.findByRole("region", { name: "Schedules and sensors" }));
  expect((await section.findByRole("link", { name: "nightly" })).getAttribute("href")).toBe("/automation/local/tutorial/nightly");
  expect(section.getByText(/\(in 1 h\)$/)).toBeDefined();
  expect(section.getByText("sensors need protocol 0.15.0")).toBeDefined();
  expect(section.queryByRole("link", { name: "commits" })).toBeNull();
  expect(section.queryByText("of another location")).toBeNull();
});
