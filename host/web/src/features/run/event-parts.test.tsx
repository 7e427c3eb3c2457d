import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { renderPage } from "@/testing/render-page";
import { eventAt, hostWithMappedRun, runId } from "@/testing/run-samples";

const rows = { key: "rows", kind: "int", value: { case: "int" as const, value: 12_345n } };

async function chosen(event: Parameters<typeof eventAt>[1], row: RegExp) {
  const host = hostWithMappedRun(RunStatus.SUCCESS, eventAt(0, event));
  host.addRun({ id: "0193ffff-77c1-7d10", status: RunStatus.SUCCESS });
  const { user } = renderPage(`/runs/${runId}`, host);
  const list = within(await screen.findByRole("region", { name: "List of events" }));
  await user.click(await list.findByText(row));
  return within(screen.getByRole("region", { name: "The chosen event" }));
}

it("shows a note with its metadata, as job metadata is shown", async () => {
  const details = await chosen({ kind: "note", opPath: "list", message: "read the file", detail: { case: "note", value: { entries: [rows] } } }, /^read the file/);
  expect(details.getByText("12,345").getAttribute("title")).toBe("12345");
});

it("shows what became of an output: size, codec, metadata, address", async () => {
  const value = { name: "result", address: "runs/x/abcd", size: 2048n, digest: new Uint8Array([0xab]), codec: "json", metadata: [rows] };
  const details = await chosen({ kind: "output", opPath: "list", detail: { case: "output", value } }, /^Output stored \(2\.0 KiB, json\)/);
  for (const text of ["2.0 KiB", "json", "runs/x/abcd", "ab", "12,345"]) expect(details.getByText(text)).toBeDefined();
});

it("says why an output was not stored", async () => {
  const details = await chosen({ kind: "output", opPath: "list", detail: { case: "output", value: { notStored: "larger than 64 MiB" } } }, /^Output not stored: larger/);
  expect(details.getByText("no: larger than 64 MiB")).toBeDefined();
});

it("leads to the run that an output was taken from", async () => {
  const details = await chosen({ kind: "output", opPath: "list", detail: { case: "output", value: { size: 1n, reusedFrom: "0193ffff-77c1-7d10" } } }, /^Output taken from run 0193ffff-77c1/);
  expect(details.getByRole("link").getAttribute("href")).toBe("/runs/0193ffff-77c1-7d10");
  expect(await details.findByText("Success")).toBeDefined();
});

it("shows tags that the run's code set", async () => {
  const details = await chosen({ kind: "tags_added", detail: { case: "tagsAdded", value: { tags: [{ key: "rows", value: "many" }] } } }, /^The run's code set rows:many/);
  expect(details.getByRole("link", { name: /^rows: ?many/ }).getAttribute("href")).toBe("/runs?where=rows=many");
});

it("shows the keys of a map that was expanded", async () => {
  const keys = Array.from({ length: 60 }, (_, n) => `k${n}`);
  const details = await chosen({ kind: "map_expanded", detail: { case: "mapExpanded", value: { opPaths: ["parse"], keys, total: 1234 } } }, /^parse: 1,234 instances/);
  expect(details.getByText("1,234")).toBeDefined();
  expect(details.getByText("10 more keys in this event.")).toBeDefined();
});

it("shows a resource that could not be opened as an error, which is not the run's", async () => {
  const failure = { reason: "error", message: "connection refused", causes: ["dial tcp"] };
  const details = await chosen({ kind: "resource_opened", message: "Could not open db: connection refused", detail: { case: "resource", value: { name: "db", duration: { nanos: 5_000_000 }, failure } } }, /^Could not open db/);
  expect(details.getByText("5.0 ms")).toBeDefined();
  expect(details.getByText("caused by dial tcp")).toBeDefined();
});

it("shows an unknown kind of a newer worker by its name", async () => {
  const details = await chosen({ kind: "volcano_erupted", message: "hot" }, /^hot/);
  expect(details.getAllByText("volcano_erupted").length).toBeGreaterThan(0);
});
