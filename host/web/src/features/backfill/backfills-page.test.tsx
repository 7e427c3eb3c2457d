import { create } from "@bufbuild/protobuf";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { BackfillState } from "@/gen/penstock/host/v1/backfill_pb";
import { PartitionCountSchema } from "@/gen/penstock/host/v1/partition_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

const job = "local/tutorial/report";

const rows = async () => within(await screen.findByRole("region", { name: "Backfills, newest first" })).getAllByRole("row").slice(1).map((row) => row.textContent);

it("lists what goes on and what was done, and stays true without asking", async () => {
  const host = new MemoryHost();
  host.backfill.add({ request: { job }, by: "anna", partitions: 31n, notLaunched: 20n, counts: [{ status: RunStatus.SUCCESS, count: 11n }] });
  renderPage("/backfills", host);
  expect((await rows())[0]).toMatch(/^Goes onreport, 31 partitionsreport11 success20 not launched yetanna1 min ago/);
  await waitFor(() => { expect(host.backfill.changes.size).toBe(1); });
  host.backfill.change("backfill-1", { notLaunched: 0n, counts: [create(PartitionCountSchema, { status: RunStatus.SUCCESS, count: 30n }), create(PartitionCountSchema, { status: RunStatus.FAILURE, count: 1n })], state: BackfillState.FAILURE });
  await waitFor(async () => { expect((await rows())[0]).toMatch(/^Failure.*30 success1 failure/); });
  host.backfill.changes.send({ backfill: host.backfill.add({ request: { job, title: "The lost week" }, partitions: 7n }) });
  await waitFor(async () => { expect((await rows())[0]).toMatch(/The lost week/); });
});

it("shows those of one job, and older ones on request", async () => {
  const host = new MemoryHost();
  for (let each = 0; each < 30; each++) host.backfill.add({ request: { job, title: `number ${each}` } });
  host.backfill.add({ request: { job: "local/tutorial/other" } });
  const { user } = renderPage(`/backfills?job=${job}`, host);
  expect(await rows()).toHaveLength(25);
  await user.click(screen.getByRole("button", { name: "Show older backfills" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(30); });
  await user.click(screen.getByRole("link", { name: "Show all" }));
  await waitFor(async () => { expect((await rows())[0]).toMatch(/other/); });
});

it("says how to make the first one", async () => {
  renderPage("/backfills", new MemoryHost());
  expect(await screen.findByText("No backfill yet")).toBeDefined();
  expect(screen.getByRole("link", { name: "Choose a job" }).getAttribute("href")).toBe("/jobs");
});
