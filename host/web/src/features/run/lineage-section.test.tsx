import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { renderPage } from "@/testing/render-page";
import { hostWithMappedRun, runId } from "@/testing/run-samples";
import { reportName } from "@/testing/samples";

const section = async () => within(await screen.findByRole("region", { name: /^Retries and re-executions/ }));
const tag = (key: string, value: string) => ({ key: `penstock/${key}`, value });
const child = (id: string, more: object = {}) => ({ id, job: reportName, parentRun: runId, rootRun: runId, status: RunStatus.QUEUED, tags: [tag("parent_run", runId), tag("retry_number", "1")], ...more });

it("leads to the parent and to the first run, and says what this one is", async () => {
  const host = hostWithMappedRun(RunStatus.STARTED);
  host.addRun({ id: "0193aaaa-0000-7d10", job: reportName, status: RunStatus.FAILURE });
  host.runs = host.runs.map((run) => (run.id === runId ? { ...run, parentRun: "0193aaaa-0000-7d10", rootRun: "0193bbbb-0000-7d10" } : run));
  renderPage(`/runs/${runId}`, host);
  const lineage = await section();
  expect(lineage.getByText("Re-execution")).toBeDefined();
  expect(await lineage.findByText("Failure")).toBeDefined();
  expect(lineage.getByRole("link", { name: "0193aaaa-0000" }).getAttribute("href")).toBe("/runs/0193aaaa-0000-7d10");
  expect(await lineage.findByText("was deleted")).toBeDefined();
});

it("lists what was executed again from it, live", async () => {
  const host = hostWithMappedRun(RunStatus.FAILURE);
  renderPage(`/runs/${runId}`, host);
  const lineage = await section();
  expect(await lineage.findByText("It was not executed again.")).toBeDefined();
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  host.runChanges.send({ run: host.addRun(child("0193cccc-0000-7d10")), matches: true });
  const children = within(await lineage.findByRole("list", { name: "Executed again from it" }));
  expect(children.getByRole("listitem").textContent).toMatch(/^0193cccc-0000Queued.*Retry 1/);
});

it("says that a retry is due", async () => {
  const host = hostWithMappedRun(RunStatus.FAILURE);
  host.changeRun(runId, { retryDue: true });
  renderPage(`/runs/${runId}`, host);
  expect(await (await section()).findByText(/An automatic retry is due/)).toBeDefined();
});

it("says nothing of a run that stands alone and goes on", async () => {
  renderPage(`/runs/${runId}`, hostWithMappedRun(RunStatus.STARTED));
  await screen.findByText("No events yet");
  expect(screen.queryByRole("region", { name: /^Retries/ })).toBeNull();
});
