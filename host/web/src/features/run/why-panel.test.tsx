import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Outcome } from "@/gen/penstock/worker/v1/worker_pb";
import { hostError } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { hostWithMappedRun, opFinished, opStarted, runId } from "@/testing/run-samples";

const panel = async (title: string) => within((await screen.findByRole("heading", { name: title })).closest("section")!);

it("says why a run is not running: what holds it, what to do, since when, whom it waits for; what is met as well", async () => {
  const host = hostWithMappedRun(RunStatus.QUEUED);
  host.explain = () => ({
    summary: "It waits for a place: 10 of 10 runs are in progress.",
    reasons: [
      { code: "LOCATION_READY", message: "Its code location answers." },
      { code: "MAX_RUNS", blocks: true, message: "10 of 10 runs are in progress.", remedy: "Wait, or raise max_in_progress.", since: timestampFromMs(Date.now() - 125_000), until: timestampFromMs(1_900_000_000_000), runIds: ["0193ffff-77c1-7d10"] },
    ],
  });
  renderPage(`/runs/${runId}`, host);
  const why = await panel("Why is it not running?");
  expect(await why.findByText("It waits for a place: 10 of 10 runs are in progress.")).toBeDefined();
  const [met, blocked] = within(why.getByRole("list", { name: "Reasons" })).getAllByRole("listitem");
  expect(met?.textContent).toContain("Met");
  expect(blocked?.textContent).toMatch(/Holds it.*Wait, or raise max_in_progress\.since .*; until .*2030/);
  expect(within(blocked!).getByRole("link").getAttribute("href")).toBe("/runs/0193ffff-77c1-7d10");
  expect(why.getByText("MAX_RUNS")).toBeDefined();
});

it("asks again when the run changes, and leads to the op that is meant", async () => {
  const host = hostWithMappedRun(RunStatus.STARTING, opStarted(0, "list"));
  host.explain = (run) =>
    run.status === RunStatus.STARTING ? { summary: "Its worker is being started." } : { summary: "An op runs.", reasons: [{ code: "OP_RUNNING", blocks: true, message: "It runs:", opPath: "list" }] };
  const { user, address } = renderPage(`/runs/${runId}`, host);
  expect(await screen.findByText("Its worker is being started.")).toBeDefined();
  await waitFor(() => { expect(host.runEvents.size).toBe(1); });
  host.changeRun(runId, { status: RunStatus.STARTED });
  host.runEvents.send({ cursor: "1.2.0", run: host.runs[0] });
  expect(await screen.findByText("An op runs.")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Show 1 reason" }));
  expect(screen.getByText("Under way")).toBeDefined();
  await user.click((await panel("Why is it not finished?")).getByRole("link", { name: "Events of list" }));
  expect(address()).toBe(`/runs/${runId}?op=list`);
});

it("says the first cause of a failure, and what becomes of it", async () => {
  const host = hostWithMappedRun(RunStatus.FAILURE);
  host.changeRun(runId, { retryDue: true });
  host.explain = () => ({ summary: "Op list failed first; a retry is due.", reasons: [{ code: "CAUSE", message: "op list failed" }, { code: "OP_FAILED", message: "no such file", opPath: "list" }, { code: "RETRY_DUE", message: "a retry is due" }] });
  const { user } = renderPage(`/runs/${runId}`, host);
  const why = await panel("Why did it fail?");
  expect(await why.findByText("Op list failed first; a retry is due.")).toBeDefined();
  await user.click(why.getByRole("button", { name: "Show 3 reasons" }));
  expect(within(why.getByRole("list", { name: "Reasons" })).getAllByRole("listitem").map((line) => line.textContent)).toEqual(["Causeop list failedCAUSE", "Op failedno such fileEvents of listOP_FAILED", "Alsoa retry is dueRETRY_DUE"]);
  expect(screen.getAllByText("Retry due").length).toBeGreaterThan(0);
});

it("says the cause of a failure once, with its details", async () => {
  const host = hostWithMappedRun(RunStatus.FAILURE, opFinished(5, "list", Outcome.FAILURE, "no such file"));
  host.changeRun(runId, { statusReason: "op list: no such file" });
  host.explain = () => ({ summary: "the run failed because op list did (error): no such file", reasons: [{ code: "CAUSE", message: "op list failed" }] });
  renderPage(`/runs/${runId}`, host);
  const why = await panel("Why did it fail?");
  expect(await why.findByText(/^the run failed because op list did/)).toBeDefined();
  expect(await why.findByText(/^Op/)).toBeDefined();
  await waitFor(() => { expect(screen.queryByText("op list: no such file")).toBeNull(); });
});

it("needs no reason for a run that ended well", async () => {
  const host = hostWithMappedRun(RunStatus.SUCCESS);
  host.explain = () => ({ summary: "never asked" });
  renderPage(`/runs/${runId}`, host);
  await screen.findByText("This run has no events");
  expect(screen.queryByText("never asked")).toBeNull();
  expect(screen.queryByRole("heading", { name: /^Why/ })).toBeNull();
});

it("says in plain words that an older host does not know, and that a call failed", async () => {
  const host = hostWithMappedRun(RunStatus.QUEUED);
  renderPage(`/runs/${runId}`, host);
  expect(await screen.findByText(/^This host is older than this page/)).toBeDefined();
  expect(screen.queryByText(/Could not ask why/)).toBeNull();
  const broken = hostWithMappedRun(RunStatus.QUEUED);
  broken.explain = () => { throw hostError(Code.Internal, "the store is damaged"); };
  renderPage(`/runs/${runId}`, broken);
  expect(await screen.findByText("Could not ask why")).toBeDefined();
});
