import { screen, waitFor, within } from "@testing-library/react";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportJob, reportName, withMetadata } from "@/testing/samples";

const id = "0193a4b2-77c1-7d10-9a2e-3f0c5b6a7d8e";
const time = timestampFromMs(1_800_000_000_000);
const later = timestampFromMs(1_800_000_002_000);

function hostWithRun(status: RunStatus) {
  const host = new MemoryHost();
  host.addJob(withMetadata({ key: "owner", kind: "text", value: { case: "text", value: "data team" } }));
  host.addRun({
    id,
    job: reportName,
    status,
    attempt: 1,
    configYaml: "weeks: 3",
    workerHandle: "pid 4711 on node-3",
    opPaths: ["read", "tidy.count", "write"],
    tags: [{ key: "team", value: "data", origin: Origin.DEFINITION }, { key: "env", value: "dev", origin: Origin.LAUNCH }],
  });
  host.events.set(id, [
    { attempt: 1, seq: 1n, event: { time, kind: "run_started", detail: { case: "runStarted", value: { ops: 3 } } } },
    { attempt: 1, seq: 2n, event: { time, kind: "op_started", opPath: "read", detail: { case: "opStarted", value: {} } } },
    { attempt: 1, seq: 3n, event: { time, kind: "log", opPath: "read", message: "noise", detail: { case: "log", value: { level: -4 } } } },
    { attempt: 1, seq: 4n, event: { time, kind: "log", opPath: "read", message: "read 7 commits", detail: { case: "log", value: { level: 0 } } } },
  ]);
  return host;
}

const events = async () => within(await screen.findByRole("region", { name: "List of events" }));

it("shows tags with their origin, config and metadata as of launch, and where it runs", async () => {
  renderPage(`/runs/${id}`, hostWithRun(RunStatus.STARTED));
  expect(await screen.findByText("from the job's definition")).toBeDefined();
  expect(screen.getByText("given at launch")).toBeDefined();
  expect(screen.getByText("weeks: 3")).toBeDefined();
  expect(screen.getByText("pid 4711 on node-3")).toBeDefined();
  const owner = await screen.findByText("data team");
  expect(owner.closest("section")?.textContent).toContain("Metadata, as of launch");
});

it("follows events and status until the run is final", async () => {
  const host = hostWithRun(RunStatus.STARTED);
  renderPage(`/runs/${id}`, host);
  expect(await (await events()).findByText("read 7 commits")).toBeDefined();
  expect(screen.getByText("0 of 3 ops ended")).toBeDefined();
  await waitFor(() => { expect(host.runEvents.size).toBe(1); });
  host.changeRun(id, { status: RunStatus.SUCCESS });
  host.runEvents.send({
    events: [
      { attempt: 1, seq: 5n, event: { time: later, kind: "op_finished", opPath: "read", detail: { case: "opFinished", value: { outcome: Outcome.SUCCESS } } } },
      { attempt: 1, seq: 6n, event: { time: later, kind: "op_finished", opPath: "write", detail: { case: "opFinished", value: { outcome: Outcome.SKIPPED } } } },
    ],
    cursor: "1.6.0",
    run: host.runs[0],
  });
  host.runEvents.end();
  expect(await screen.findByText("2 of 3 ops ended")).toBeDefined();
  expect(screen.getByRole("row", { name: /read.*2\.0 s/ })).toBeDefined();
  expect(screen.getByRole("row", { name: /write.*Skipped/ })).toBeDefined();
  expect(screen.getByRole("row", { name: /tidy\.count.*Not run/ })).toBeDefined();
  expect(screen.getByText("Success", { selector: "h1 *" })).toBeDefined();
  await waitFor(() => { expect(host.runEvents.size).toBe(0); });
});

it("shows the attempts of an op, and that it waits for the next", async () => {
  const host = hostWithRun(RunStatus.STARTED);
  const { user } = renderPage(`/runs/${id}`, host);
  await waitFor(() => { expect(host.runEvents.size).toBe(1); });
  const failure = { reason: "error", message: "connection refused" };
  host.runEvents.send({
    events: [{ attempt: 1, seq: 5n, event: { time: later, kind: "op_finished", opPath: "read", opAttempt: 1, message: "Failed in attempt 1 of 2, the next starts in 10s: connection refused", detail: { case: "opFinished", value: { outcome: Outcome.FAILURE, failure, retryAfter: { seconds: 10n } } } } }],
    cursor: "1.5.0",
    run: host.runs[0],
  });
  expect(await screen.findByRole("button", { name: "read: Waiting to run again" })).toBeDefined();
  expect(screen.getByText("0 of 3 ops ended")).toBeDefined();
  await user.click(await (await events()).findByText(/the next starts in 10s/));
  expect(within(screen.getByRole("region", { name: "The chosen event" })).getByText("10.0 s")).toBeDefined();
  host.runEvents.send({
    events: [{ attempt: 1, seq: 6n, event: { time: later, kind: "op_started", opPath: "read", opAttempt: 2, detail: { case: "opStarted", value: {} } } }],
    cursor: "1.6.0",
    run: host.runs[0],
  });
  expect(await screen.findByRole("button", { name: "read: Running, attempt 2" })).toBeDefined();
  expect(screen.getByTitle("Attempt 2 of the op")).toBeDefined();
});

it("filters events by level, op and text", async () => {
  const { user } = renderPage(`/runs/${id}`, hostWithRun(RunStatus.STARTED));
  const list = await events();
  await list.findByText("read 7 commits");
  expect(list.queryByText("noise")).toBeNull();
  await user.selectOptions(screen.getByRole("combobox", { name: "Level" }), "debug");
  expect(await list.findByText("noise")).toBeDefined();
  await user.type(screen.getByRole("searchbox", { name: "Text in events" }), "commits");
  await waitFor(() => { expect(list.queryByText("noise")).toBeNull(); });
  expect(screen.getByText("1 of 4 events")).toBeDefined();
  await user.clear(screen.getByRole("searchbox", { name: "Text in events" }));
  await user.click(screen.getByRole("button", { name: "write: Waiting" }));
  expect(await screen.findByText("No event passes this filter")).toBeDefined();
});

it("shows why it failed: message, causes, stack", async () => {
  const host = hostWithRun(RunStatus.FAILURE);
  host.runs = host.runs.map((run) => ({ ...run, statusReason: "op read failed" }));
  host.events.get(id)?.push({
    attempt: 1,
    seq: 5n,
    event: {
      time: later,
      kind: "op_finished",
      opPath: "read",
      detail: { case: "opFinished", value: { outcome: Outcome.FAILURE, failure: { reason: "panic", message: "index out of range", stack: "main.go:12", causes: ["the disk is full"] } } },
    },
  });
  renderPage(`/runs/${id}`, host);
  expect(await screen.findByText("op read failed")).toBeDefined();
  expect((await screen.findAllByText("index out of range")).length).toBeGreaterThan(0);
  expect(screen.getByText("caused by the disk is full")).toBeDefined();
  expect(screen.getByText("main.go:12")).toBeDefined();
});

it("asks before it cancels, says what happens, and offers force afterwards", async () => {
  const host = hostWithRun(RunStatus.STARTED);
  const { user } = renderPage(`/runs/${id}`, host);
  await user.click(await screen.findByRole("button", { name: "Cancel" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/told to stop/)).toBeDefined();
  expect(host.canceled).toHaveLength(0);
  await user.click(dialog.getByRole("button", { name: "Cancel the run" }));
  await waitFor(() => { expect(host.canceled).toMatchObject([{ id, force: false }]); });
  await user.click(await screen.findByRole("button", { name: "End by force" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "End by force" }));
  await waitFor(() => { expect(host.canceled).toMatchObject([{ force: false }, { force: true }]); });
});

it("asks before it deletes, then shows the job's runs", async () => {
  const host = hostWithRun(RunStatus.SUCCESS);
  const { user, address } = renderPage(`/runs/${id}`, host);
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Delete the run" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/cannot be undone/)).toBeDefined();
  await user.click(dialog.getByRole("button", { name: "Delete the run" }));
  await waitFor(() => { expect(host.deleted).toEqual([id]); });
  await waitFor(() => { expect(address()).toBe("/jobs/local/tutorial/report/runs"); });
});

it("finds a run by the beginning of its id, and goes to its own address", async () => {
  const host = hostWithRun(RunStatus.STARTED);
  const { address } = renderPage("/runs/0193a4b2", host);
  await waitFor(() => { expect(address()).toBe(`/runs/${id}`); });
  expect(await screen.findByText("read 7 commits")).toBeDefined();
});

it("says so when there is no such run", async () => {
  renderPage("/runs/0193dead", new MemoryHost());
  expect(await screen.findByText("there is no run 0193dead")).toBeDefined();
});

it("says what a run was launched from, and what it was started from when that is other code", async () => {
  const host = hostWithRun(RunStatus.SUCCESS);
  host.changeRun(id, {
    snapshot: "aaaa0000aaaa0000",
    codeVersion: "v1",
    startedSnapshot: "bbbb0000bbbb0000",
    startedCodeVersion: "v2",
    definitionDigest: new Uint8Array([1]),
    startedDefinitionDigest: new Uint8Array([2]),
  });
  renderPage(`/runs/${id}`, host);
  const code = within(await screen.findByRole("region", { name: "Code" }));
  expect(code.getByRole("link", { name: "v1" }).getAttribute("href")).toBe("/runs?where=version=v1");
  expect(code.getByRole("link", { name: "bbbb0000bbbb0000" }).getAttribute("href")).toBe("/runs?where=snapshot=bbbb0000bbbb0000");
  expect(code.getByText(/^The job changed while the run was in the queue/)).toBeDefined();
  expect(code.getByRole("link", { name: "What changed between them" }).getAttribute("href")).toBe(
    "/jobs/local/tutorial/report/history?from=aaaa0000aaaa0000&to=bbbb0000bbbb0000",
  );
});

it("says nothing of another start when it was the same code", async () => {
  const host = hostWithRun(RunStatus.SUCCESS);
  host.changeRun(id, { snapshot: "aaaa0000aaaa0000", codeVersion: "v1", startedSnapshot: "aaaa0000aaaa0000", startedCodeVersion: "v1" });
  renderPage(`/runs/${id}`, host);
  const code = within(await screen.findByRole("region", { name: "Code" }));
  expect(code.getByText("Launched from")).toBeDefined();
  expect(code.queryByText("Started from")).toBeNull();
});

it("says why a run waits for its code, since when, until when, and lets it be re-pointed", async () => {
  const host = hostWithRun(RunStatus.WAITING_FOR_CODE);
  host.runs = host.runs.map((run) => ({
    ...run,
    statusReason: "job report is gone from code location local",
    waitingSince: timestampFromMs(Date.now() - 125_000),
    waitsUntil: timestampFromMs(1_900_000_000_000),
  }));
  host.addJob(reportJob({ name: { ...reportName, job: "weekly" } }));
  host.repoint = ({ ids, dryRun }) => {
    if (!dryRun) host.changeRun(id, { status: RunStatus.QUEUED, statusReason: "" });
    return { to: { ...reportName, job: "weekly" }, runs: ids.map((each) => ({ id: each })) };
  };
  const { user } = renderPage(`/runs/${id}`, host);
  expect(await screen.findByText("job report is gone from code location local")).toBeDefined();
  expect(screen.getByText(/^Has waited for/).textContent).toMatch(/^Has waited for 2 min \d+ s\. It fails at .*2030.* if its code is not there by then\.$/);
  await user.click(screen.getByRole("button", { name: "Re-point to another job…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.click(await dialog.findByRole("radio", { name: "local/tutorial/weekly" }));
  await user.click(await dialog.findByRole("button", { name: "Re-point 1 run" }));
  expect(await dialog.findByText(/^1 run is a run of/)).toBeDefined();
});

it("does not let the answer of a cancellation that is late win over the end that the stream told", async () => {
  const host = hostWithRun(RunStatus.STARTED);
  const { user } = renderPage(`/runs/${id}`, host);
  await waitFor(() => { expect(host.runEvents.size).toBe(1); });
  await user.click(await screen.findByRole("button", { name: "Cancel" }));
  const { taken, give } = host.held.next(RunService.method.cancelRun);
  await user.click(await screen.findByRole("button", { name: "Cancel the run" }));
  await taken;
  const told = host.held.next(RunService.method.getRun);
  host.changeRun(id, { status: RunStatus.CANCELED });
  host.runEvents.send({ cursor: "1.9.0", run: host.runs[0] });
  host.runEvents.end();
  await told.taken;
  give();
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  told.give();
  expect(await within(screen.getByRole("heading", { level: 1 })).findByText("Canceled")).toBeDefined();
});
