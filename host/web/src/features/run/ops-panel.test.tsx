import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { renderPage } from "@/testing/render-page";
import { eventAt, hostWithMappedRun, opFinished, opStarted, runId } from "@/testing/run-samples";

const expanded = (keys: string[], total = keys.length) => eventAt(10, { kind: "map_expanded", detail: { case: "mapExpanded", value: { opPaths: ["parse"], keys, total } } });
const progress = (ms: number, done: number, total: number) => eventAt(ms, { kind: "progress", opPath: "list", opAttempt: 1, detail: { case: "progress", value: { done, total, unit: "rows" } } });
const listed = [opStarted(0, "list"), opFinished(5, "list")];
const rows = () => within(screen.getByRole("table", { name: "Ops over time" })).getAllByRole("row").map((row) => row.textContent);

it("shows how far an op is: count, part, pace; without a total how much is done", async () => {
  const host = hostWithMappedRun(RunStatus.STARTED, opStarted(0, "list"), progress(1_000, 100, 1000), progress(4_000, 400, 1000));
  renderPage(`/runs/${runId}`, host);
  const bar = await screen.findByRole("progressbar", { name: "Progress of list" });
  expect(bar.getAttribute("aria-valuenow")).toBe("40");
  expect(screen.getByText(/^400 of 1,000 rows, 40 %, 100 rows a second/)).toBeDefined();
  await waitFor(() => { expect(host.runEvents.size).toBe(1); });
  host.runEvents.send({ events: [progress(5_000, 1234, 0)], cursor: "1.9.0" });
  expect(await screen.findByText(/^1,234 rows/)).toBeDefined();
  expect(screen.getByRole("progressbar", { name: "Progress of list" }).getAttribute("aria-valuenow")).toBeNull();
  // That is no event to read, unless somebody wants them all.
  expect(screen.queryByText("progress")).toBeNull();
});

it("leaves the bar out when the op has ended well, and keeps it where it failed", async () => {
  const host = hostWithMappedRun(RunStatus.FAILURE, opStarted(0, "list"), progress(1_000, 400, 1000), opFinished(2_000, "list", Outcome.FAILURE, "no disk"));
  renderPage(`/runs/${runId}`, host);
  expect(await screen.findByText("400 of 1,000 rows, 40 %")).toBeDefined();
});

it("shows a mapped op with the states of its instances, and opens to them", async () => {
  const host = hostWithMappedRun(
    RunStatus.STARTED,
    ...listed,
    expanded(["a", "b", "c", "d"]),
    opStarted(20, "parse[a]"),
    opFinished(30, "parse[a]"),
    opStarted(21, "parse[b]"),
    opFinished(31, "parse[b]", Outcome.FAILURE, "bad row"),
    opStarted(22, "parse[c]"),
  );
  const { user } = renderPage(`/runs/${runId}`, host);
  expect(await screen.findByText("4 instances: 1 failed, 1 running, 1 waiting, 1 success")).toBeDefined();
  expect(screen.getByText("3 of 6 ops ended")).toBeDefined();
  expect(screen.getByText("2 / 4")).toBeDefined();
  expect(rows()).toHaveLength(3);
  const toggle = screen.getByRole("button", { name: "Show the instances of parse" });
  expect(toggle.getAttribute("aria-expanded")).toBe("false");
  await user.click(toggle);
  expect(screen.getByRole("button", { name: "parse[b]: Failed" })).toBeDefined();
  expect(screen.getByRole("button", { name: "parse[d]: Waiting" })).toBeDefined();
  await user.click(screen.getByRole("button", { name: "1 failed" }));
  expect(screen.queryByRole("button", { name: "parse[a]: Success" })).toBeNull();
  expect(screen.getByText("1 of 4")).toBeDefined();
  await user.selectOptions(screen.getByRole("combobox", { name: "State of the instances of parse" }), "");
  await user.type(screen.getByRole("searchbox", { name: "Find an instance of parse" }), "[[c");
  expect(screen.getByRole("button", { name: "parse[c]: Running" })).toBeDefined();
  expect(screen.queryByRole("button", { name: "parse[b]: Failed" })).toBeNull();
});

it("holds ten thousand instances, and renders those in sight", async () => {
  const keys = Array.from({ length: 10_000 }, (_, n) => `k${n}`);
  const parts = [0, 2_000, 4_000, 6_000, 8_000].map((from) => expanded(keys.slice(from, from + 2_000), 10_000));
  const host = hostWithMappedRun(RunStatus.FAILURE, ...listed, ...parts, ...keys.map((key, n) => opFinished(n, `parse[${key}]`, n === 7_777 ? Outcome.FAILURE : Outcome.SUCCESS, n === 7_777 ? "bad row" : "")));
  const { user } = renderPage(`/runs/${runId}`, host);
  expect(await screen.findByText("10,000 instances: 1 failed, 9,999 success")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Show the instances of parse" }));
  expect(rows().length).toBeLessThan(100);
  await user.click(screen.getByRole("button", { name: "1 failed" }));
  expect(screen.getByRole("button", { name: "parse[k7777]: Failed" })).toBeDefined();
});

it("shows the events of an op by its name: those of all instances, or of one; the address holds it", async () => {
  const word = (opPath: string) => eventAt(40, { kind: "log", opPath, message: `word of ${opPath}`, detail: { case: "log", value: { level: 0 } } });
  const host = hostWithMappedRun(RunStatus.STARTED, ...listed, expanded(["a", "b"]), opStarted(20, "parse[a]"), word("parse[a]"), word("parse[b]"), word("list"));
  const { user, address } = renderPage(`/runs/${runId}?op=parse`, host);
  expect(await screen.findByText("word of parse[a]")).toBeDefined();
  expect(screen.getByText("word of parse[b]")).toBeDefined();
  expect(screen.queryByText("word of list")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Show the instances of parse" }));
  await user.click(screen.getByRole("button", { name: "parse[a]: Running" }));
  expect(address()).toBe(`/runs/${runId}?op=parse[a]`.replace("[", "%5B").replace("]", "%5D"));
  await waitFor(() => { expect(screen.queryByText("word of parse[b]")).toBeNull(); });
  await user.click(screen.getByRole("button", { name: "op parse[a] Show all ops" }));
  expect(await screen.findByText("word of list")).toBeDefined();
  expect(address()).toBe(`/runs/${runId}`);
});

it("draws the graph as it was, each node with its state", async () => {
  const host = hostWithMappedRun(RunStatus.STARTED, ...listed, expanded(["a", "b"]), opStarted(20, "parse[a]"), opFinished(30, "parse[a]", Outcome.FAILURE, "bad"));
  const { user, address } = renderPage(`/runs/${runId}`, host);
  await user.click(await screen.findByRole("link", { name: "Graph" }));
  expect(address()).toBe(`/runs/${runId}?ops=graph`);
  expect(await screen.findByRole("button", { name: "op list: Success" })).toBeDefined();
  expect(screen.getByRole("button", { name: "op parse, for each item: Running, 1 of 2, 1 failed" })).toBeDefined();
  await user.click(screen.getByRole("button", { name: "op sum: Waiting" }));
  expect(address()).toBe(`/runs/${runId}?op=sum&ops=graph`);
});

it("says that an op was reused", async () => {
  const host = hostWithMappedRun(RunStatus.SUCCESS, opFinished(5, "list", Outcome.REUSED));
  renderPage(`/runs/${runId}`, host);
  expect(await screen.findByRole("button", { name: "list: Reused" })).toBeDefined();
  expect(screen.getByText("list was not run: a stored result was taken")).toBeDefined();
});
