import { create } from "@bufbuild/protobuf";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { BackfillState } from "@/gen/penstock/host/v1/backfill_pb";
import { PartitionCountSchema } from "@/gen/penstock/host/v1/partition_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

const page = "/backfills/backfill-1";

function hostWithBackfill(state = BackfillState.RUNNING) {
  const host = new MemoryHost();
  host.backfill.add({
    state,
    by: "anna",
    request: { job: "local/tutorial/report", partitions: { ranges: [{ from: "2026-11-01", to: "2026-11-04" }] }, tags: [{ key: "why", value: "late data" }], maxOpenRuns: 2, newestFirst: true },
    partitions: 4n,
    notLaunched: 1n,
    refused: 1n,
    counts: [{ status: RunStatus.SUCCESS, count: 1n }, { status: RunStatus.FAILURE, count: 1n }],
    problem: "the job is gone",
  });
  host.backfill.addPartition({ key: "2026-11-04", runId: "run-4", status: RunStatus.SUCCESS });
  host.backfill.addPartition({ key: "2026-11-03", runId: "run-3", status: RunStatus.FAILURE });
  host.backfill.addPartition({ key: "2026-11-02", error: "weeks: is no number" });
  host.backfill.addPartition({ key: "2026-11-01" });
  return host;
}

const cells = async () => within(await screen.findByRole("list", { name: "Partitions" })).getAllByRole("listitem").map((cell) => cell.textContent);

it("shows what was asked for, how each partition stands, and where its runs are", async () => {
  const { user, address } = renderPage(page, hostWithBackfill());
  expect(await cells()).toEqual(["2026-11-04, Success", "2026-11-03, Failure", "2026-11-02, Could not be launched: weeks: is no number", "2026-11-01, Not launched yet"]);
  expect(screen.getByRole("link", { name: /2026-11-03/ }).getAttribute("href")).toBe("/runs/run-3");
  expect(screen.getByText("the job is gone")).toBeDefined();
  const facts = within(screen.getByRole("region", { name: "Backfill" }));
  for (const text of ["2026-11-01 to 2026-11-04", "anna", "2 runs", "newest first"]) expect(facts.getByText(text)).toBeDefined();
  expect(screen.getByRole("link", { name: "Its runs" }).getAttribute("href")).toBe("/runs?where=penstock/backfill=backfill-1");
  await user.click(screen.getByRole("link", { name: "Failed" }));
  await waitFor(async () => { expect(await cells()).toHaveLength(2); });
  expect(address()).toBe(`${page}?shown=failed`);
});

it("follows it: counts, state and partitions", async () => {
  const host = hostWithBackfill();
  renderPage(page, host);
  await cells();
  await waitFor(() => { expect(host.backfill.changes.size).toBe(1); });
  host.backfill.partitions = [];
  host.backfill.addPartition({ key: "2026-11-01", runId: "run-1", status: RunStatus.SUCCESS });
  host.backfill.change("backfill-1", { state: BackfillState.SUCCESS, problem: "", notLaunched: 0n, refused: 0n, counts: [create(PartitionCountSchema, { status: RunStatus.SUCCESS, count: 4n })] });
  await waitFor(async () => { expect(await cells()).toEqual(["2026-11-01, Success"]); });
  expect(screen.getByText("4 success")).toBeDefined();
  expect(screen.queryByRole("button", { name: "Cancel…" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Retry failed…" })).toBeNull();
});

it("cancels when that is confirmed, and says what becomes of what", async () => {
  const host = hostWithBackfill();
  const { user } = renderPage(page, host);
  await user.click(await screen.findByRole("button", { name: "Cancel…" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/1 partition is not launched any more/)).toBeDefined();
  expect(host.backfill.canceled).toHaveLength(0);
  await user.click(dialog.getByLabelText(/By force/));
  await user.click(dialog.getByRole("button", { name: "Cancel the backfill" }));
  await waitFor(() => { expect(host.backfill.canceled).toMatchObject([{ id: "backfill-1", force: true, by: "web UI" }]); });
  expect(await screen.findByText("Canceling")).toBeDefined();
});

it("retries what failed of one that is over", async () => {
  const host = hostWithBackfill(BackfillState.FAILURE);
  const { user } = renderPage(page, host);
  await user.click(await screen.findByRole("button", { name: "Retry failed…" }));
  await user.click(await within(await screen.findByRole("dialog")).findByRole("button", { name: "Retry 2 partitions" }));
  await waitFor(() => { expect(host.backfill.retried).toMatchObject([{ id: "backfill-1", by: "web UI" }]); });
  expect(host.backfill.retried[0]?.requestId).not.toBe("");
  expect(await screen.findByText("Goes on")).toBeDefined();
});

it("says that there is none with the id", async () => {
  renderPage("/backfills/nothing", new MemoryHost());
  expect(await screen.findByText("Could not find the backfill")).toBeDefined();
});
