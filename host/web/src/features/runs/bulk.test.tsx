import { create } from "@bufbuild/protobuf";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { BulkSchema, BulkService, BulkState } from "@/gen/penstock/host/v1/bulk_pb";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportName } from "@/testing/samples";

const id = (n: number) => `0193a4b2-77c1-7d10-9a2e-${String(n).padStart(12, "0")}`;

// The newest is the one with the highest number; every third goes on.
function hostWithRuns(count: number) {
  const host = new MemoryHost();
  for (let n = 1; n <= count; n++) {
    host.addRun({ id: id(n), job: reportName, status: n % 3 === 0 ? RunStatus.STARTED : RunStatus.FAILURE, tags: [{ key: "team", value: n % 2 === 0 ? "etl" : "web" }] });
  }
  return host;
}

const picks = async () => within(await screen.findByRole("table", { name: "Runs" })).getAllByRole<HTMLInputElement>("checkbox").slice(1);
const bar = async () => within(await screen.findByRole("region", { name: "Selected runs" }));
const dialog = async () => within(await screen.findByRole("dialog"));

async function open(host: MemoryHost, href = "/runs") {
  const page = renderPage(href, host);
  await picks();
  return page;
}

it("selects single runs, ranges with shift, a page, and all that match", async () => {
  const { user } = await open(hostWithRuns(40), "/runs?where=team=etl");
  const boxes = await picks();
  expect(boxes).toHaveLength(20);
  await user.click(boxes[1]!);
  expect((await bar()).getByRole("status").textContent).toBe("1 run selected");
  await user.keyboard("{Shift>}");
  await user.click(boxes[4]!);
  await user.keyboard("{/Shift}");
  expect((await bar()).getByRole("status").textContent).toBe("4 runs selected");
  const all = screen.getByRole<HTMLInputElement>("checkbox", { name: "Select all runs on this page" });
  expect(all.indeterminate).toBe(true);
  await user.click(boxes[2]!);
  expect((await bar()).getByRole("status").textContent).toBe("3 runs selected");
  await user.click((await bar()).getByRole("button", { name: "Select nothing" }));
  expect(screen.queryByRole("region", { name: "Selected runs" })).toBeNull();
});

it("acts on all that match: says exactly what would happen, and begins it", async () => {
  const host = hostWithRuns(60);
  const { user, address } = await open(host, "/runs?where=team=etl");
  await user.click(screen.getByRole("checkbox", { name: "Select all runs on this page" }));
  expect((await bar()).getByRole("status").textContent).toBe("25 runs selected");
  await user.click((await bar()).getByRole("button", { name: "Select all 30 runs that match" }));
  expect((await bar()).getByRole("status").textContent).toBe("All 30 runs that match selected");
  await user.click((await bar()).getByRole("button", { name: "Delete…" }));
  const asking = await dialog();
  expect(asking.getByText(/cannot be undone/)).toBeDefined();
  expect(asking.getByText(/^It is about/).textContent).toBe("It is about all runs that team=etl selects.");
  expect((await asking.findByText(/^Delete 20 runs\.$/)).parentElement?.textContent).toBe("Delete 20 runs. Of 30 runs selected, 10 are passed over: they are not over; cancel them first.");
  expect(within(asking.getByRole("list", { name: "Runs that it applies to" })).getAllByRole("listitem")).toHaveLength(10);
  expect(host.bulk.started).toHaveLength(0);
  await user.type(asking.getByLabelText(/^Your name/), "anna");
  await user.click(asking.getByRole("button", { name: "Delete 20 runs" }));
  await waitFor(() => { expect(address()).toBe("/runs?where=team=etl&bulk=bulk-1"); });
  expect(host.bulk.started).toMatchObject([{ by: "anna", action: { filter: { where: "team=etl" }, runIds: [], action: { case: "delete" } } }]);
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect((await screen.findByText(/^It is about/)).textContent).toBe("It is about all runs that team=etl selects.");
  expect(window.localStorage.getItem("penstock.editor")).toBe("anna");
  expect(screen.queryByRole("region", { name: "Selected runs" })).toBeNull();
});

it("acts on the runs that were picked, also on other pages", async () => {
  const host = hostWithRuns(30);
  const { user } = await open(host);
  await user.click((await picks())[0]!);
  await user.click(screen.getByRole("link", { name: "Older" }));
  await waitFor(async () => { expect(await picks()).toHaveLength(5); });
  await user.click((await picks())[0]!);
  expect((await bar()).getByRole("status").textContent).toBe("2 runs selected, 1 of them not on this page");
  await user.click((await bar()).getByRole("button", { name: "Re-execute…" }));
  const asking = await dialog();
  expect(asking.getByRole<HTMLInputElement>("radio", { name: /^From failure/ }).checked).toBe(true);
  await user.click(await asking.findByRole("button", { name: "Re-execute 1 run" }));
  await waitFor(() => { expect(host.bulk.started).toHaveLength(1); });
  expect(host.bulk.started[0]?.action).toMatchObject({ runIds: [id(30), id(5)], action: { case: "reexecute", value: { strategy: ReexecutionStrategy.FROM_FAILURE } } });
});

it("changes tags: half-filled rows and doubtful keys block, the host's errors stand at their key", async () => {
  const host = hostWithRuns(3);
  host.bulk.preview = (action) =>
    action?.action.case === "tag" && action.action.value.set.some((tag) => tag.key === "-bad") ? { problems: [{ field: "tags", path: "-bad", message: "a key begins with a letter or digit" }] } : {};
  const { user } = await open(host);
  await user.click(screen.getByRole("checkbox", { name: "Select all runs on this page" }));
  await user.click((await bar()).getByRole("button", { name: "Tags…" }));
  const asking = await dialog();
  const confirm = () => asking.getByRole("button", { name: /^Change the tags/ });
  await user.type(asking.getByRole("textbox", { name: "Key of tag 1" }), "-bad");
  expect(asking.getByText(/^The key “-bad” has no value/)).toBeDefined();
  expect(confirm().getAttribute("aria-disabled")).toBe("true");
  await user.type(asking.getByRole("textbox", { name: "Value of tag 1" }), "x");
  expect((await asking.findByRole("alert")).textContent).toContain("a key begins with a letter or digit");
  await user.clear(asking.getByRole("textbox", { name: "Key of tag 1" }));
  await user.type(asking.getByRole("textbox", { name: "Key of tag 1" }), "tier");
  await user.type(asking.getByLabelText("Keys of tags to remove"), "tier, env");
  expect(asking.getByText(/^The key “tier” is both/)).toBeDefined();
  await user.clear(asking.getByLabelText("Keys of tags to remove"));
  await user.type(asking.getByLabelText("Keys of tags to remove"), "env team");
  await user.click(await asking.findByRole("button", { name: "Change the tags of 3 runs" }));
  await waitFor(() => { expect(host.bulk.started).toHaveLength(1); });
  expect(host.bulk.started[0]).toMatchObject({ by: "web UI", action: { action: { case: "tag", value: { set: [{ key: "tier", value: "x" }], remove: ["env", "team"] } } } });
});

it("shows progress from the address, errors with links, and stops", async () => {
  const host = hostWithRuns(2);
  const { user } = await open(host);
  await user.click((await picks())[0]!);
  await user.click((await bar()).getByRole("button", { name: "Tags…" }));
  const asking = await dialog();
  await user.type(asking.getByRole("textbox", { name: "Key of tag 1" }), "a");
  await user.type(asking.getByRole("textbox", { name: "Value of tag 1" }), "1");
  await user.click(await asking.findByRole("button", { name: "Change the tags of 1 run" }));
  const shown = within(await screen.findByRole("region", { name: "Change the tags of 1 run: a:1" }));
  expect(shown.getByText("Goes on")).toBeDefined();
  await waitFor(() => { expect(host.bulk.changes.size).toBe(1); });
  host.bulk.change("bulk-1", { selected: 200n, changed: 40n, passedOver: 9n, failed: 1n });
  expect(await screen.findByText("50 of 200 runs: 40 changed, 9 passed over, 1 refused")).toBeDefined();
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("25");
  host.bulk.change("bulk-1", { failures: [{ $typeName: "penstock.host.v1.BulkFailure", runId: id(2), message: "it has 256 tags" }] });
  const refused = within(await screen.findByRole("list", { name: "Runs that refused", hidden: true }));
  expect(refused.getByRole("listitem", { hidden: true }).textContent).toBe("0193a4b2-77c1 it has 256 tags");
  expect(refused.getByRole("link", { hidden: true }).getAttribute("href")).toBe(`/runs/${id(2)}`);
  await user.click(screen.getByRole("button", { name: "Stop" }));
  expect(await screen.findByText("Stopped")).toBeDefined();
  expect(host.bulk.stopped).toEqual(["bulk-1"]);
  await user.click(screen.getByRole("link", { name: "Dismiss" }));
  await waitFor(() => { expect(screen.queryByText("Stopped")).toBeNull(); });
});

it("shows what goes on when the page is opened anew, and how what the address names has ended", async () => {
  const host = hostWithRuns(1);
  const { user } = await open(host);
  for (const state of [BulkState.DONE, BulkState.RUNNING]) {
    await user.click((await picks())[0]!);
    await user.click((await bar()).getByRole("button", { name: "Delete…" }));
    await user.click(await (await dialog()).findByRole("button", { name: "Delete 1 run" }));
    await waitFor(() => { expect(host.bulk.bulks[0]?.state).toBe(BulkState.RUNNING); });
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
    host.bulk.change(host.bulk.bulks[0]?.id ?? "", { state, changed: 1n });
  }
  document.body.replaceChildren();
  renderPage("/runs?bulk=bulk-1", host);
  await waitFor(() => {
    const shown = screen.getAllByRole("region", { name: "Delete 1 run" });
    expect(shown.map((each) => within(each).getByText(/^(Done|Goes on)$/).textContent)).toEqual(["Done", "Goes on"]);
  });
});

it("does not let a first answer that is late win over what its stream has told", async () => {
  const host = hostWithRuns(1);
  host.bulk.bulks = [create(BulkSchema, { id: "bulk-1", state: BulkState.RUNNING, selected: 1n, action: { action: { case: "delete", value: {} } } })];
  const { taken, give } = host.held.next(BulkService.method.getBulk);
  renderPage("/runs?bulk=bulk-1", host);
  await taken;
  await waitFor(() => { expect(host.bulk.changes.size).toBe(1); });
  host.bulk.change("bulk-1", { state: BulkState.DONE, changed: 1n });
  await waitFor(() => { expect(host.bulk.changes.size).toBe(0); });
  give();
  const shown = within(await screen.findByRole("region", { name: "Delete 1 run" }));
  expect(await shown.findByText("Done")).toBeDefined();
  await screen.findByRole("table", { name: "Runs" });
  expect(shown.queryByText("Goes on")).toBeNull();
});

it("keeps asking while the runs that are meant become others", async () => {
  const host = hostWithRuns(26);
  host.runs = host.runs.map((run) => ({ ...run, status: RunStatus.STARTED }));
  const { user } = await open(host, "/runs?status=STARTED");
  await user.click(screen.getByLabelText("Select all runs on this page"));
  await user.click(await screen.findByText("Select all 26 runs that match"));
  await user.click(screen.getByText("Cancel…"));
  await screen.findByText("Cancel 26 runs.");
  for (const run of host.runs) host.changeRun(run.id, { status: RunStatus.SUCCESS });
  await screen.findByText("No run matches this filter");
  await screen.findByText("All 0 runs that match");
  expect(screen.getByText("Leave them as they are")).toBeDefined();
});

it("shows one that goes on also after another was begun", async () => {
  const host = hostWithRuns(2);
  const { user } = await open(host);
  for (const n of [0, 1]) {
    await user.click((await picks())[n]!);
    await user.click((await bar()).getByRole("button", { name: "Delete…" }));
    await user.click(await (await dialog()).findByRole("button", { name: "Delete 1 run" }));
    await waitFor(() => { expect(host.bulk.bulks).toHaveLength(n + 1); });
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  }
  await waitFor(() => { expect(screen.getAllByRole("region", { name: "Delete 1 run" })).toHaveLength(2); });
});
