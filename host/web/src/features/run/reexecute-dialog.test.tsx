import { Code } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { ReexecutionStrategy, type LaunchRunRequest } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { hostError, type MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { hostWithMappedRun, runId } from "@/testing/run-samples";

function failedRun() {
  const host = hostWithMappedRun(RunStatus.FAILURE);
  host.preview = (launch) => ({
    opPaths: launch?.reexecution?.strategy === ReexecutionStrategy.FROM_FAILURE ? ["parse[b]", "sum"] : ["list", "parse", "sum"],
    opSelection: launch?.reexecution?.strategy === ReexecutionStrategy.FROM_FAILURE ? "parse[b], sum" : "",
    codeVersion: "new",
    definitionDigest: new Uint8Array([7]),
    takenOutputs: [{ opPath: "parse[a]", runId, size: 2048n }],
    definitionChanges: ["op sum: its code version changed from 1 to 2"],
  });
  return host;
}

async function open(host: MemoryHost, item: string, page = `/runs/${runId}`) {
  const rendered = renderPage(page, host);
  await rendered.user.click(await screen.findByRole("button", { name: "Re-execute" }));
  await rendered.user.click(await screen.findByRole("menuitem", { name: item }));
  return rendered;
}

const dialog = async () => within(await screen.findByRole("dialog"));

it("says what is executed, what is taken from where and what has changed, then launches the run again and opens it", async () => {
  const host = failedRun();
  const { user, address } = await open(host, "From failure");
  const asked = await dialog();
  expect(await asked.findByText("2 ops")).toBeDefined();
  expect(asked.getByText("parse[b], sum")).toBeDefined();
  expect(asked.getByText("op sum: its code version changed from 1 to 2")).toBeDefined();
  await user.click(asked.getByText("1 output is taken from earlier runs"));
  expect(asked.getByRole("link", { name: runId.slice(0, 13) }).getAttribute("href")).toBe(`/runs/${runId}`);
  expect(asked.getByText("2.0 KiB")).toBeDefined();
  expect(host.previewed.at(-1)).toMatchObject({ job: "", reexecution: { runId, strategy: ReexecutionStrategy.FROM_FAILURE, keepConfig: true, keepTags: true } });
  await waitFor(() => { expect(asked.getByRole("button", { name: /^Re-execute/ }).getAttribute("aria-disabled")).toBe("false"); });
  await user.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => { expect(host.launched).toHaveLength(1); });
  // Without the job, so that a host that knows nothing of it refuses.
  expect(host.launched[0]).toMatchObject({ job: "", definitionDigest: new Uint8Array([7]), reexecution: { runId, strategy: ReexecutionStrategy.FROM_FAILURE, keepConfig: true, keepTags: true } });
  await waitFor(() => { expect(address()).toBe(`/runs/run-of-${host.launched[0]?.requestId ?? ""}`); });
});

it("offers from failure only where something failed, and nothing while the run goes on", async () => {
  const host = hostWithMappedRun(RunStatus.SUCCESS);
  const { user } = renderPage(`/runs/${runId}`, host);
  await user.click(await screen.findByRole("button", { name: "Re-execute" }));
  expect((await screen.findAllByRole("menuitem")).map((item) => item.textContent)).toEqual(["All ops", "Selected ops…", "Edit and re-execute…"]);
});

it("is not there for a run that goes on", async () => {
  renderPage(`/runs/${runId}`, hostWithMappedRun(RunStatus.STARTED));
  await screen.findByText("No events yet");
  expect(screen.queryByRole("button", { name: "Re-execute" })).toBeNull();
});

it("takes an op selection, begins with the op that is chosen, and points at what is wrong with it", async () => {
  const host = failedRun();
  const fine = host.preview;
  host.preview = (launch) => (launch?.opSelection === "parse[x]" ? { problems: [{ field: "op_selection", line: 1, column: 7, message: "parse has no instance x" }] } : fine(launch));
  const { user } = await open(host, "Selected ops…", `/runs/${runId}?op=parse[x]`);
  const asked = await dialog();
  const field = asked.getByRole<HTMLInputElement>("textbox", { name: "Op selection" });
  expect(field.value).toBe("parse[x]");
  await user.click(await asked.findByRole("button", { name: "Column 7: parse has no instance x" }));
  expect(document.activeElement).toBe(field);
  expect(field.selectionStart).toBe(6);
  expect(asked.getByRole("button", { name: /^Re-execute/ }).getAttribute("aria-disabled")).toBe("true");
  await user.clear(field);
  expect(asked.getByText(/^Type which ops/)).toBeDefined();
  await user.type(field, "sum");
  await waitFor(() => { expect(host.previewed.at(-1)).toMatchObject({ opSelection: "sum", reexecution: { strategy: ReexecutionStrategy.SELECTED } }); });
  await waitFor(() => { expect(asked.getByRole("button", { name: /^Re-execute/ }).getAttribute("aria-disabled")).toBe("false"); });
});

it("says which inputs nothing gives", async () => {
  const host = failedRun();
  host.preview = () => ({ opPaths: ["sum"], missingInputs: [{ opPath: "sum", input: "rows", fromOpPath: "parse[b]" }], problems: [{ field: "op_selection", path: "sum.rows", message: "nothing gives it" }] });
  await open(host, "All ops");
  const asked = await dialog();
  const table = within(await asked.findByRole("region", { name: "Inputs that nothing gives" }));
  expect(table.getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["sum", "rows", "parse[b]"]);
  expect(asked.getByText("1 problem")).toBeDefined();
});

it("shows an error and keeps what was typed; trying again cannot make two runs", async () => {
  const host = failedRun();
  const requests: LaunchRunRequest[] = [];
  host.launch = (request) => {
    requests.push(request);
    throw hostError(Code.Unavailable, "the store is busy", { remedy: "Try again." });
  };
  const { user } = await open(host, "Selected ops…");
  const asked = await dialog();
  await user.type(asked.getByRole("textbox", { name: "Op selection" }), "sum");
  const button = asked.getByRole("button", { name: /^Re-execute/ });
  await waitFor(() => { expect(button.getAttribute("aria-disabled")).toBe("false"); });
  await user.click(button);
  expect(await asked.findByText("the store is busy")).toBeDefined();
  expect(asked.getByRole<HTMLInputElement>("textbox", { name: "Op selection" }).value).toBe("sum");
  await user.click(button);
  await waitFor(() => { expect(requests).toHaveLength(2); });
  expect(requests[1]?.requestId).toBe(requests[0]?.requestId);
});

it("shows why it cannot be checked", async () => {
  const host = failedRun();
  host.preview = () => { throw hostError(Code.FailedPrecondition, "nothing of run 0193 failed", { reason: "NOTHING_FAILED" }); };
  await open(host, "From failure");
  expect(await (await dialog()).findByText("nothing of run 0193 failed")).toBeDefined();
});
