import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { BulkSchema, BulkState } from "@/gen/penstock/host/v1/bulk_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

const begun = timestampFromMs(Date.now() - 3_600_000);

function hostWithBulks(...bulks: Exclude<MessageInitShape<typeof BulkSchema>, { $typeName: string }>[]) {
  const host = new MemoryHost();
  host.bulk.bulks = bulks.map((bulk, index) => create(BulkSchema, { id: `bulk-${index}`, createdAt: begun, by: "anna", state: BulkState.DONE, ...bulk }));
  return host;
}

const rows = async () => within(await screen.findByRole("region", { name: "Actions, newest first" })).getAllByRole("row").slice(1);

it("lists what goes on and what was done: what, which runs, who, when, and what became of them", async () => {
  const host = hostWithBulks(
    { state: BulkState.RUNNING, selected: 200n, changed: 40n, passedOver: 9n, failed: 1n, action: { action: { case: "cancel", value: {} }, filter: { where: "team=etl", statuses: [RunStatus.QUEUED] } } },
    { selected: 3n, changed: 2n, failed: 1n, endedAt: timestampFromMs(Date.now() - 3_590_000), action: { action: { case: "delete", value: {} }, runIds: ["a", "b", "c"] } },
    { state: BulkState.STOPPED, selected: 5n, changed: 1n, error: "the store takes no writes", action: { action: { case: "tag", value: { set: [{ key: "tier", value: "gold" }] } }, filter: { job: "local/tutorial/report", location: "local" } } },
    { by: "", action: { action: { case: "tag", value: { remove: ["env"] } }, filter: {} } },
  );
  const { user, address } = renderPage("/runs", host);
  await user.click(await screen.findByRole("link", { name: "Actions on many runs" }));
  expect(address()).toBe("/runs/bulk");
  const cells = (await rows()).map((row) => within(row).getAllByRole("cell").map((cell) => cell.textContent));
  expect(cells.map(([state, what, which, by]) => [state, what, which, by])).toEqual([
    ["Goes on", "Cancel 200 runs", "team=etlwith the status Queued", "anna"],
    ["Done, with errors", "Delete 3 runs", "3 runs picked one by one", "anna"],
    ["Stopped", "Change the tags of 5 runs: tier:gold", "job=local/tutorial/report and location=local", "anna"],
    ["Done", "Change the tags of 0 runs: without env", "every run", ""],
  ]);
  expect(cells.map((row) => row[6])).toEqual([
    "50 of 200 runs: 40 changed, 9 passed over, 1 refused",
    "2 changed, 1 refused",
    "1 changed, 4 not looked atthe store takes no writes",
    "0 changed",
  ]);
  expect(cells[1]?.[5]).toBe("10.0 s");
  expect(screen.getByRole("progressbar", { name: "Progress: Cancel 200 runs" }).getAttribute("aria-valuenow")).toBe("25");
  await user.click(screen.getByRole("link", { name: "Cancel 200 runs" }));
  expect(address()).toBe("/runs?where=team=etl&status=QUEUED&bulk=bulk-0");
  expect(await screen.findByRole("region", { name: "Cancel 200 runs" })).toBeDefined();
});

it("stays true while an action goes on, and shows older ones on request", async () => {
  const actions = Array.from({ length: 30 }, (_, index) => ({ selected: 2n, changed: 2n, state: index === 0 ? BulkState.RUNNING : BulkState.DONE, action: { action: { case: "delete" as const, value: {} } } }));
  const host = hostWithBulks(...actions);
  const { user } = renderPage("/runs/bulk", host);
  expect(await rows()).toHaveLength(25);
  await user.click(screen.getByRole("button", { name: "Show older actions" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(30); });
  expect(screen.queryByRole("button", { name: "Show older actions" })).toBeNull();
  host.bulk.change("bulk-0", { state: BulkState.DONE, endedAt: timestampFromMs(Date.now()) });
  await waitFor(() => { expect(screen.queryByText("Goes on")).toBeNull(); });
});

it("says how to make the first one", async () => {
  renderPage("/runs/bulk", new MemoryHost());
  expect(await screen.findByText("Nothing was done to many runs yet")).toBeDefined();
  expect(screen.getByText(/penstock run tag --where/)).toBeDefined();
  expect(screen.getByRole("link", { name: "Choose runs" }).getAttribute("href")).toBe("/runs");
});
