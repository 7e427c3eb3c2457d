import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { PartitionOpStatus } from "@/gen/penstock/host/v1/partition_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { days, hostWithPartitions, regions } from "@/testing/partition-samples";
import { renderPage } from "@/testing/render-page";
import { reportJob } from "@/testing/samples";

const page = "/jobs/local/tutorial/report/partitions";

const row = async (key: string) => within((await screen.findByRole("button", { name: new RegExp(`${key}$`) })).closest<HTMLElement>("[role=row]")!);
const button = (key: string) => screen.getByRole("button", { name: new RegExp(`${key}$`) });
const selected = () => screen.getAllByRole("row", { selected: true }).map((each) => within(each).getByRole("button").title);

it("shows the newest run of each partition and how each op went last, newest first", async () => {
  const host = hostWithPartitions(days);
  host.partition.status = (key) =>
    key === "2026-11-22" ? { run: { id: "run-22", status: RunStatus.FAILURE }, runs: 3n, ops: [{ status: PartitionOpStatus.SUCCESS, runId: "run-21" }, { status: PartitionOpStatus.FAILURE, runId: "run-22" }] } : {};
  renderPage(page, host);
  const newest = await row("2026-11-22");
  expect((await newest.findByRole("link", { name: "Failure" })).getAttribute("href")).toBe("/runs/run-22");
  expect(newest.getByRole("link", { name: "3 runs" }).getAttribute("href")).toBe("/jobs/local/tutorial/report/runs?where=penstock/partition=2026-11-22");
  expect(newest.getByRole("link", { name: "read: success" }).getAttribute("href")).toBe("/runs/run-21?op=read");
  expect(newest.getByRole("link", { name: "write: failure" })).toBeDefined();
  expect((await row("2026-11-21")).getByText("no run")).toBeDefined();
  expect(screen.getByText(/Partitions: every day, from 2026-11-01 00:00, Europe\/Berlin/)).toBeDefined();
  expect(screen.getAllByRole("row")[1]?.textContent).toContain("2026-11-22");
});

it("selects by click, shift and keys, in the address", async () => {
  const { user, address } = renderPage(page, hostWithPartitions(days));
  const isAt = (query: string) => waitFor(() => { expect(address()).toBe(`${page}${query}`); });
  const isOn = (key: string) => waitFor(() => { expect(document.activeElement).toBe(button(key)); });
  await row("2026-11-22");
  await user.click(button("2026-11-20"));
  await isAt("?select=2026-11-20..2026-11-20");
  await user.keyboard("{Shift>}");
  await user.click(button("2026-11-18"));
  await user.keyboard("{/Shift}");
  await isAt("?select=2026-11-18..2026-11-20");
  await user.click(button("2026-11-19"));
  await waitFor(() => { expect(selected()).toEqual(["2026-11-20", "2026-11-18"]); });
  expect(await screen.findByText("2 rows selected")).toBeDefined();
  button("2026-11-19").focus();
  await user.keyboard("{Escape}");
  expect(await screen.findByText("None selected")).toBeDefined();
  await isOn("2026-11-19");
  await user.keyboard(" ");
  await waitFor(() => { expect(selected()).toEqual(["2026-11-19"]); });
  // Each key acts on the row that has the focus, which the one before has moved.
  await user.keyboard("{Shift>}{ArrowDown}");
  await isOn("2026-11-18");
  await waitFor(() => { expect(selected()).toEqual(["2026-11-19", "2026-11-18"]); });
  await user.keyboard("{ArrowDown}{/Shift}");
  await isOn("2026-11-17");
  await waitFor(() => { expect(selected()).toEqual(["2026-11-19", "2026-11-18", "2026-11-17"]); });
  await user.keyboard("{Control>}a{/Control}");
  await isAt("?select=2026-11-01..2026-11-22");
});

it("selects by dragging", async () => {
  const { address } = renderPage(page, hostWithPartitions(days));
  await row("2026-11-22");
  fireEvent.pointerDown(button("2026-11-21"), { pointerType: "mouse", button: 0 });
  fireEvent.pointerEnter(button("2026-11-19").closest("[role=row]")!);
  expect(selected()).toEqual(["2026-11-21", "2026-11-20", "2026-11-19"]);
  fireEvent.pointerUp(window);
  await waitFor(() => { expect(address()).toBe(`${page}?select=2026-11-19..2026-11-21`); });
});

it("launches a backfill of what is selected, as it was previewed", async () => {
  const host = hostWithPartitions(days);
  host.backfill.preview = (request) => (request?.partitions?.failedOnly === true ? { partitions: 2n, sample: ["2026-11-18", "2026-11-19"], counts: [{ status: RunStatus.FAILURE, count: 2n }] } : { partitions: 3n, problems: [{ field: "tags", path: "x", message: "is too long" }] });
  const { user, address } = renderPage(`${page}?select=2026-11-18..2026-11-20`, host);
  await row("2026-11-22");
  await user.click(screen.getByRole("button", { name: "Launch backfill…" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(await dialog.findByText("is too long")).toBeDefined();
  await user.click(dialog.getByLabelText(/only those whose newest run failed/));
  await user.type(dialog.getByLabelText("Title, for people"), "late data");
  await user.type(dialog.getByLabelText("Runs at a time, at most"), "2");
  await user.click(dialog.getByLabelText("The newest partition first"));
  await user.type(dialog.getByLabelText("Key of tag 1"), "why");
  await user.type(dialog.getByLabelText("Value of tag 1"), "lost");
  expect(await dialog.findByText("2026-11-18, 2026-11-19")).toBeDefined();
  await waitFor(() => { expect(dialog.getByRole("button", { name: "Launch 2 runs" }).getAttribute("aria-disabled")).toBe("false"); });
  await user.click(dialog.getByRole("button", { name: "Launch 2 runs" }));
  await waitFor(() => { expect(address()).toBe("/backfills/backfill-1"); });
  expect(host.backfill.started).toMatchObject([
    { by: "web UI", backfill: { job: "local/tutorial/report", title: "late data", maxOpenRuns: 2, newestFirst: true, tags: [{ key: "why", value: "lost" }], partitions: { ranges: [{ from: "2026-11-18", to: "2026-11-20" }], failedOnly: true, all: false } } },
  ]);
});

it("names each key where others are between what is searched for", async () => {
  const host = hostWithPartitions({ name: "day", keys: { case: "static", value: { keys: ["a1", "b1", "a2"] } } });
  host.partition.keys = { day: ["a1", "b1", "a2"] };
  const { user } = renderPage(page, host);
  await row("a1");
  await user.type(screen.getByRole("searchbox"), "a");
  await waitFor(() => { expect(screen.queryByRole("button", { name: /b1$/ })).toBeNull(); });
  button("a2").focus();
  await user.keyboard("{Control>}a{/Control}");
  await user.click(screen.getByRole("button", { name: "Launch backfill…" }));
  await screen.findByRole("dialog");
  await waitFor(() => { expect(host.backfill.previewed.at(-1)?.partitions?.keys).toEqual(["a2", "a1"]); });
});

it("shows two dimensions side by side, or one key of the second with its ops", async () => {
  const host = hostWithPartitions(days, regions);
  host.partition.status = (key) => (key === "2026-11-22|us" ? { run: { id: "run-1", status: RunStatus.SUCCESS }, runs: 1n, ops: [{ status: PartitionOpStatus.SUCCESS, runId: "run-1" }] } : {});
  const { user, address } = renderPage(page, host);
  const newest = await row("2026-11-22");
  expect((await newest.findByRole("link", { name: "2026-11-22|us: Success" })).getAttribute("href")).toBe("/runs/run-1");
  await user.selectOptions(screen.getByLabelText("Keys of region"), "us");
  expect(address()).toBe(`${page}?second=us`);
  expect(await (await row("2026-11-22")).findByRole("link", { name: "read: success" })).toBeDefined();
  await user.click(button("2026-11-22"));
  expect(screen.getByRole("link", { name: "Launch this one" }).getAttribute("href")).toBe("/jobs/local/tutorial/report/launchpad?partition=2026-11-22%7Cus");
});

it("asks for no more than it shows of ten thousand, and loads more below", async () => {
  const host = hostWithPartitions(days);
  host.partition.keys = { day: Array.from({ length: 12_000 }, (_, each) => `k${String(each).padStart(5, "0")}`) };
  const { user } = renderPage(page, host);
  await row("k11999");
  expect(screen.getAllByRole("row").length).toBeLessThan(100);
  expect(host.partition.asked.flatMap(({ keys }) => keys).length).toBeLessThanOrEqual(100);
  await user.click(screen.getByRole("button", { name: /Show more: 1,000 of 12,000/ }));
  expect(await screen.findByRole("button", { name: /Show more: 2,000 of 12,000/ })).toBeDefined();
});

it("adds and removes keys that people keep", async () => {
  const host = hostWithPartitions(regions);
  const { user } = renderPage(`${page}?select=us..us`, host);
  await row("us");
  await user.click(screen.getByRole("button", { name: "Add or remove keys…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText(/Keys to add/), "asia{Enter}africa");
  await user.click(dialog.getByRole("button", { name: "Add 2 keys, remove 1 key" }));
  expect(await screen.findByRole("button", { name: /asia$/ })).toBeDefined();
  expect(host.partition.changed).toMatchObject([{ job: "local/tutorial/report", dimension: "region", add: ["asia", "africa"], remove: ["us"] }]);
});

it("says why partitions are not shown, and has no tab for a job without any", async () => {
  const host = new MemoryHost();
  host.addJob(reportJob({ partitionsRefusal: { state: FeatureState.REFUSED, capability: "partitions", message: "partitions need protocol 0.15.0", remedy: "Deploy with a newer SDK." } }));
  renderPage(page, host);
  expect(await screen.findByRole("region", { name: "Partitions not shown" })).toBeDefined();
  expect(screen.getByText("partitions need protocol 0.15.0")).toBeDefined();
  expect(screen.getByRole("link", { name: "Partitions" })).toBeDefined();
});

it("says of a job without partitions how it gets some", async () => {
  const host = new MemoryHost();
  host.addJob(reportJob());
  renderPage(page, host);
  expect(await screen.findByText("This job has no partitions")).toBeDefined();
  expect(screen.queryByRole("link", { name: "Partitions" })).toBeNull();
});
