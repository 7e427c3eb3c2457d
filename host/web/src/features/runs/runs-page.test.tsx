import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Origin, type Tag } from "@/gen/penstock/tag/v1/tag_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportName } from "@/testing/samples";

const id = (n: number) => `0193a4b2-77c1-7d10-9a2e-${String(n).padStart(12, "0")}`;

function hostWithRuns(count = 2) {
  const host = new MemoryHost();
  for (let n = 1; n <= count; n++) {
    host.addRun({
      id: id(n),
      job: reportName,
      status: n % 2 === 0 ? RunStatus.FAILURE : RunStatus.SUCCESS,
      statusReason: n % 2 === 0 ? "op read: no such file" : "",
      tags: [
        { key: "penstock/env", value: "dev", origin: Origin.SYSTEM },
        { key: "penstock/code_version", value: "abc123", origin: Origin.SYSTEM },
        { key: "penstock/job", value: "report", origin: Origin.SYSTEM },
        { key: "team", value: "data", origin: Origin.DEFINITION },
        { key: "n", value: String(n), origin: Origin.LAUNCH },
      ],
    });
  }
  return host;
}

function hostWithTags(tags: Tag[]) {
  const host = hostWithRuns(1);
  host.changeRun(id(1), { tags });
  return host;
}

const rows = async () => within(await screen.findByRole("table", { name: "Runs" })).getAllByRole("row").slice(1);

it("shows status in words, why, and tags: the user's before the system's, whose prefix is hidden", async () => {
  renderPage("/runs", hostWithRuns());
  const [failed] = await rows();
  expect(failed).toBeDefined();
  const cells = within(failed!);
  expect(cells.getByText("Failure")).toBeDefined();
  expect(cells.getByText("op read: no such file")).toBeDefined();
  const chips = within(cells.getByRole("list", { name: "Tags" })).getAllByRole("link").map((chip) => chip.textContent);
  expect(chips).toEqual(["team: data", "n: 2", "env: dev"]);
});

it("a click on a tag adds it to the filter and keeps the others", async () => {
  const { user, address } = renderPage("/runs?tag=team:data&status=FAILURE", hostWithRuns(4));
  expect(await rows()).toHaveLength(2);
  await user.click(screen.getByRole("link", { name: /^n: ?2/ }));
  expect(address()).toBe("/runs?where=team=data+and+n=2&status=FAILURE");
  await waitFor(async () => { expect(await rows()).toHaveLength(1); });
  expect(screen.getByRole<HTMLInputElement>("combobox", { name: "Selector of runs" }).value).toBe("team=data and n=2");
  await user.click(screen.getByRole("button", { name: "Clear the selector" }));
  expect(address()).toBe("/runs?status=FAILURE");
});

it("shows a few of many tags, and all on request", async () => {
  const tags = (count: number): Tag[] => Array.from({ length: count }, (_, n) => ({ $typeName: "penstock.tag.v1.Tag", key: `k${n}`, value: "v", origin: Origin.LAUNCH }));
  const { user } = renderPage("/runs", hostWithTags(tags(100)));
  const cells = within((await rows())[0]!);
  expect(cells.getAllByRole("link", { name: /^k11: ?v$/ })).toHaveLength(1);
  expect(cells.queryByRole("link", { name: /^k12: ?v$/ })).toBeNull();
  await user.click(cells.getByRole("button", { name: "88 more tags" }));
  expect(cells.getByRole("link", { name: /^k99: ?v$/ })).toBeDefined();
  await user.click(cells.getByRole("button", { name: "Fewer tags" }));
  expect(cells.queryByRole("link", { name: /^k99: ?v$/ })).toBeNull();
  // No button that would show one more.
  renderPage("/runs", hostWithTags(tags(13)));
  expect(await screen.findByRole("link", { name: /^k12: ?v$/ })).toBeDefined();
});

it("copies a tag as a selector has it", async () => {
  const host = hostWithRuns(1);
  host.changeRun(id(1), { tags: [{ $typeName: "penstock.tag.v1.Tag", key: "status", value: "a b", origin: Origin.LAUNCH }] });
  const { user } = renderPage("/runs", host);
  const [row] = await rows();
  await user.click(within(row!).getByRole("button", { name: 'Copy tag:status="a b"', hidden: true }));
  expect(await navigator.clipboard.readText()).toBe('tag:status="a b"');
  expect(await within(row!).findByText("Copied")).toBeDefined();
  within(row!).getByRole("link", { name: /^status/ }).focus();
  await navigator.clipboard.writeText("");
  await user.keyboard("{Control>}c{/Control}");
  await waitFor(async () => { expect(await navigator.clipboard.readText()).toBe('tag:status="a b"'); });
});

it("follows runs: new ones on top, changed ones in their place, deleted ones gone", async () => {
  const host = hostWithRuns();
  renderPage("/runs", host);
  await rows();
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  const fresh = host.addRun({ id: "0193ffff-0000-7d10", job: reportName, status: RunStatus.QUEUED });
  host.runChanges.send({ run: fresh, matches: true });
  expect(await screen.findByRole("cell", { name: "Queued" })).toBeDefined();
  expect((await rows())[0]?.textContent).toContain("Queued");
  host.changeRun(fresh.id, { status: RunStatus.STARTED });
  expect(await screen.findByRole("cell", { name: "Running" })).toBeDefined();
  host.runChanges.send({ run: { id: fresh.id }, deleted: true });
  await waitFor(async () => { expect(await rows()).toHaveLength(2); });
});

it("does not let a first list that is late win over what was told meanwhile", async () => {
  const host = hostWithRuns(1);
  const { taken, give } = host.held.next(RunService.method.listRuns);
  renderPage("/runs", host);
  await taken;
  // Counts are asked for at first, once more as the watch begins, and after changes.
  await waitFor(() => { expect(host.search.counted).toHaveLength(2); });
  host.changeRun(id(1), { status: RunStatus.CANCELED, statusReason: "" });
  host.runChanges.send({ run: host.addRun({ id: id(2), job: reportName, status: RunStatus.QUEUED }), matches: true });
  await waitFor(() => { expect(host.search.counted).toHaveLength(3); });
  give();
  expect(await screen.findByRole("cell", { name: "Queued" })).toBeDefined();
  expect(screen.getByRole("cell", { name: "Canceled" })).toBeDefined();
});

it("pages to older runs, where new ones do not push", async () => {
  const host = hostWithRuns(30);
  const createdAt = timestampFromMs(Date.now() - 60_000);
  host.runs = host.runs.map((run) => ({ ...run, createdAt }));
  const { user, address } = renderPage("/runs", host);
  expect(await rows()).toHaveLength(25);
  await user.click(screen.getByRole("link", { name: "Older" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(5); });
  expect(address()).toBe("/runs?cursor=6");
  // From then on it is known which runs are new.
  await waitFor(() => { expect(host.search.counted.some((filter) => filter?.where.startsWith("created>") === true)).toBe(true); });
  host.runChanges.send({ run: host.addRun({ id: "0193ffff-0000", job: reportName, status: RunStatus.QUEUED }), matches: true });
  host.changeRun(id(3), { status: RunStatus.CANCELED });
  expect(await screen.findByRole("cell", { name: "Canceled" })).toBeDefined();
  expect(await rows()).toHaveLength(5);
  expect(await screen.findByText("1 new run")).toBeDefined();
  await user.click(screen.getByRole("link", { name: "Newest" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(25); });
});

it("says how to make the first run, and that a filter matches nothing", async () => {
  const { user } = renderPage("/runs?status=CANCELED", hostWithRuns());
  await user.click(await screen.findByRole("link", { name: "Show all runs" }));
  await rows();
  renderPage("/runs", new MemoryHost());
  expect(await screen.findByText("No runs yet")).toBeDefined();
  expect(screen.getByText(/penstock run launch/)).toBeDefined();
});

it("adds code version and snapshot to the filter, and reads addresses from before there were selectors", async () => {
  const host = hostWithRuns(2);
  host.changeRun(id(1), { codeVersion: "v1", snapshot: "aaaa1111", startedCodeVersion: "v2", startedSnapshot: "bbbb2222" });
  host.changeRun(id(2), { codeVersion: "v1", snapshot: "aaaa1111" });
  const { user, address } = renderPage("/runs?code_version=v1&location=local", host);
  expect(await rows()).toHaveLength(2);
  await user.click(screen.getByRole("link", { name: "v2" }));
  expect(address()).toBe("/runs?where=version=v1+and+location=local+and+version=v2");
  await waitFor(async () => { expect(await rows()).toHaveLength(1); });
  await user.click(screen.getByRole("link", { name: "bbbb2222" }));
  expect(address()).toBe("/runs?where=version=v1+and+location=local+and+version=v2+and+snapshot=bbbb2222");
});

it("says of what a run is a retry, and that a retry is due; the tags that say the same are left out; a column on request", async () => {
  const host = hostWithRuns(1);
  const tag = (key: string, value: string) => ({ key: `penstock/${key}`, value, origin: Origin.SYSTEM });
  host.addRun({
    id: id(7),
    job: reportName,
    status: RunStatus.FAILURE,
    parentRun: id(1),
    rootRun: id(1),
    retryDue: true,
    tags: [tag("parent_run", id(1)), tag("root_run", id(1)), tag("retry_number", "2"), tag("resume", "from_failure"), { key: "team", value: "data", origin: Origin.INHERITED }],
  });
  const { user } = renderPage("/runs", host);
  const cells = within((await rows())[0]!);
  expect(cells.getByText(/^Retry 2 from failure/).textContent).toBe(" Retry 2 from failure of 0193a4b2-77c1");
  expect(cells.getByRole("link", { name: "0193a4b2-77c1", description: id(1) }).getAttribute("href")).toBe(`/runs/${id(1)}`);
  expect(cells.getByText("Retry due")).toBeDefined();
  expect(within(cells.getByRole("list", { name: "Tags" })).getAllByRole("listitem").map((chip) => chip.textContent)).toEqual(["team: data"]);
  await user.click(screen.getByRole("checkbox", { name: /^Column with the parent/ }));
  expect(screen.getByRole("columnheader", { name: "Parent" })).toBeDefined();
  expect(cells.getByRole("link", { description: `Retry 2 from failure of ${id(1)}` }).getAttribute("href")).toBe(`/runs/${id(1)}`);
  expect(window.localStorage.getItem("penstock.runs.parent")).toBe("shown");
});

it("fills a page whose runs leave it with those that come after them", async () => {
  const host = hostWithRuns(30);
  host.runs = host.runs.map((run) => ({ ...run, status: RunStatus.STARTED }));
  renderPage("/runs?status=STARTED", host);
  const shown = () => screen.queryAllByTitle(/^0193a4b2-/).map((link) => link.title);
  await waitFor(() => { expect(shown()).toHaveLength(25); });
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  for (let n = 6; n <= 30; n++) host.changeRun(id(n), { status: RunStatus.SUCCESS });
  await waitFor(() => { expect(shown()).toEqual([5, 4, 3, 2, 1].map(id)); });
  expect(screen.queryByText("No run matches this filter")).toBeNull();
});
