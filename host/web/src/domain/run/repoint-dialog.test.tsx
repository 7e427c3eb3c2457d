import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { RepointRunsRequest } from "@/gen/penstock/host/v1/repoint_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { hostError, MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportJob, reportName } from "@/testing/samples";

const newName = { ...reportName, job: "weekly_report" };
const newJob = "local/tutorial/weekly_report";
const id = (n: number) => `0193a4b2-77c1-7d10-9a2e-00000000000${n}`;

function hostWithWaiting() {
  const host = new MemoryHost();
  host.addJob(reportJob({ name: newName }));
  for (const n of [1, 2, 3]) {
    host.addRun({ id: id(n), job: reportName, status: RunStatus.WAITING_FOR_CODE, statusReason: "the job is gone", waitingSince: timestampFromMs(Date.now() - 65_000) });
  }
  // The second does not fit.
  host.repoint = ({ ids }) => ({ to: newName, runs: ids.map((each) => ({ id: each, error: each === id(2) ? "config: no field called weeks" : "" })) });
  return host;
}

async function openDialog(host: MemoryHost) {
  const page = renderPage("/runs?status=WAITING_FOR_CODE", host);
  await page.user.click(await screen.findByRole("button", { name: "Re-point 3 runs of local/tutorial/report" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Re-point waiting runs" }));
  return { ...page, dialog };
}

it("says which runs fit, re-points exactly those when confirmed, and says what became of each", async () => {
  const host = hostWithWaiting();
  const { user, dialog } = await openDialog(host);
  expect(dialog.getByRole<HTMLButtonElement>("button", { name: "Re-point" }).disabled).toBe(true);
  await user.type(dialog.getByRole("searchbox"), "weekly");
  await user.click(await dialog.findByRole("radio", { name: newJob }));
  expect(await dialog.findByText(/^2 runs fit and become runs of/)).toBeDefined();
  expect(dialog.getByText("1 run stays as it is: config: no field called weeks")).toBeDefined();
  expect(host.repointed).toEqual([]);
  await user.click(dialog.getByRole("button", { name: "Re-point 2 runs" }));
  expect(await dialog.findByText(/^2 runs are runs of/)).toBeDefined();
  expect(dialog.getByText("1 run stays as it is: config: no field called weeks")).toBeDefined();
  expect(host.repointed).toMatchObject([{ ids: [id(3), id(1)], to: newJob, dryRun: false }]);
  await user.click(dialog.getByRole("button", { name: "Done" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
});

it("changes nothing when it is left", async () => {
  const host = hostWithWaiting();
  const asked: RepointRunsRequest[] = [];
  const answer = host.repoint;
  host.repoint = (request) => {
    asked.push(request);
    return answer(request);
  };
  const { user, dialog } = await openDialog(host);
  await user.click(await dialog.findByRole("radio", { name: newJob }));
  await dialog.findByText(/^2 runs fit/);
  await user.click(dialog.getByRole("button", { name: "Leave them as they are" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(asked.every((request) => request.dryRun)).toBe(true);
  expect(host.repointed).toEqual([]);
});

it("offers nothing to confirm when no run fits, and shows why the host refuses", async () => {
  const host = hostWithWaiting();
  host.repoint = () => {
    throw hostError(Code.Unavailable, "code location local does not answer", { remedy: "Start it." });
  };
  const { user, dialog } = await openDialog(host);
  await user.click(await dialog.findByRole("radio", { name: newJob }));
  expect(await dialog.findByText("code location local does not answer", undefined, { timeout: 8_000 })).toBeDefined();
  expect(dialog.getByText("Start it.")).toBeDefined();
  expect(dialog.getByRole<HTMLButtonElement>("button", { name: "Re-point" }).disabled).toBe(true);
});

it("counts by job only what the filter shows", async () => {
  const host = hostWithWaiting();
  host.addRun({ id: id(4), job: newName, status: RunStatus.WAITING_FOR_CODE, codeVersion: "v2" });
  renderPage("/runs?status=WAITING_FOR_CODE&code_version=v2", host);
  expect(await screen.findByText("1 run waits for code")).toBeDefined();
  expect(screen.queryByRole("button", { name: /of local\/tutorial\/report$/ })).toBeNull();
});
