import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { renderPage } from "@/testing/render-page";
import { hostWithMappedRun, runId } from "@/testing/run-samples";
import { readyLocation } from "@/testing/samples";

const job = "/jobs/local/tutorial/report/launchpad";
const page = `${job}?reexecute=${runId}`;

function hostWith(status = RunStatus.FAILURE) {
  const host = hostWithMappedRun(status);
  host.addLocation(readyLocation());
  host.preview = (launch) => {
    const left = launch?.reexecution?.withoutTags ?? [];
    const inherited = [{ key: "team", value: "data", origin: Origin.INHERITED }, { key: "env", value: "dev", origin: Origin.INHERITED }].filter((tag) => !left.includes(tag.key));
    return { tags: inherited, opPaths: ["list", "parse", "sum"], opSelection: launch?.reexecution?.strategy === ReexecutionStrategy.FROM_FAILURE ? "sum" : "" };
  };
  return host;
}

it("begins with the config of the run, says which run it is, and launches it with what was edited", async () => {
  const host = hostWith();
  const { user } = renderPage(page, host);
  expect(await screen.findByText("Edit and re-execute")).toBeDefined();
  expect(await screen.findByText("Failure")).toBeDefined();
  await waitFor(() => { expect(host.previewed.at(-1)).toMatchObject({ configYaml: "config:\n  weeks: 3\n", reexecution: { runId, strategy: ReexecutionStrategy.ALL, keepConfig: false, keepTags: true } }); });
  const tags = within(await screen.findByRole("list", { name: "Inherited tags" }));
  expect((await tags.findAllByRole("listitem")).map((item) => item.textContent)).toEqual(["team: data", "env: dev"]);
  await user.click(tags.getByRole("button", { name: "Leave out team" }));
  expect(tags.getByText("team is left out")).toBeDefined();
  await user.click(screen.getByRole("radio", { name: /^From failure/ }));
  expect(await screen.findByText("sum", { selector: "p code" })).toBeDefined();
  expect(screen.queryByRole("textbox", { name: "Op selection" })).toBeNull();
  await waitFor(() => { expect(screen.queryByText("Checking…")).toBeNull(); });
  await user.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => { expect(host.launched).toHaveLength(1); });
  expect(host.launched[0]).toMatchObject({
    job: "",
    configYaml: "config:\n  weeks: 3\n",
    opSelection: "",
    definitionDigest: new Uint8Array([0xab, 0xcd]),
    reexecution: { runId, strategy: ReexecutionStrategy.FROM_FAILURE, keepConfig: false, keepTags: true, withoutTags: ["team"] },
  });
});

it("takes a tag back, and keeps what was edited beside the job's own draft", async () => {
  window.localStorage.setItem("penstock.draft.local/tutorial/report", JSON.stringify({ config: "own: 1\n", tags: [], ops: "", digest: "abcd" }));
  const { user, address } = renderPage(page, hostWith());
  const tags = within(await screen.findByRole("list", { name: "Inherited tags" }));
  await user.click(await tags.findByRole("button", { name: "Leave out env" }));
  await user.click(tags.getByRole("button", { name: "Put back" }));
  await waitFor(() => { expect(tags.getAllByRole("listitem").map((item) => item.textContent)).toEqual(["team: data", "env: dev"]); });
  await user.click(screen.getByRole("radio", { name: /^Selected ops/ }));
  await user.type(screen.getByRole("textbox", { name: "Op selection" }), "parse[[a]");
  expect(window.sessionStorage.getItem(`penstock.draft.local/tutorial/report@${runId}`)).toContain("parse[a]");
  expect(window.localStorage.getItem("penstock.draft.local/tutorial/report")).toContain("own: 1");
  await user.click(screen.getByRole("button", { name: "Begin anew with what the run had" }));
  expect(screen.queryByRole("textbox", { name: "Op selection" })).toBeNull();
  await user.click(screen.getByRole("link", { name: "Launch without it" }));
  expect(address()).toBe(job);
  expect(await screen.findByText("own")).toBeDefined();
});

it("takes from a link which ops are executed again, and keeps what is chosen after that", async () => {
  const { user, address } = renderPage(`${page}&again=from_failure`, hostWith());
  const resumes = await screen.findByRole<HTMLInputElement>("radio", { name: /^From failure/ });
  await waitFor(() => { expect(resumes.checked).toBe(true); });
  expect(address()).toBe(page);
  await user.click(screen.getByRole("radio", { name: /^All ops/ }));
  expect(resumes.checked).toBe(false);
});

it("says that there is nothing to resume, and that a run which goes on cannot be executed again", async () => {
  renderPage(page, hostWith(RunStatus.STARTED));
  expect(await screen.findByText(/it can be executed again once it is over/)).toBeDefined();
  expect(screen.getByRole<HTMLInputElement>("radio", { name: /^From failure/ }).disabled).toBe(true);
});

it("says so when there is no such run", async () => {
  renderPage(`${job}?reexecute=0193dead`, hostWith());
  expect(await screen.findByText("Could not load the run that is to be executed again")).toBeDefined();
});

it("takes the inputs that selected ops lack from another run, and points at what is wrong with it", async () => {
  const host = hostWith();
  host.preview = (launch) =>
    launch?.inputsFrom === ""
      ? {
          opPaths: ["sum"],
          missingInputs: [{ opPath: "sum", input: "rows", fromOpPath: "parse" }],
          problems: [
            { field: "op_selection", path: "sum.rows", message: "nothing gives it" },
            { field: "config", path: "inputs.sum.rows", line: 2, column: 3, message: "no such input" },
          ],
        }
      : launch?.inputsFrom === "0193dead"
        ? { problems: [{ field: "inputs_from", message: "there is no run 0193dead" }] }
        : { opPaths: ["sum"], takenOutputs: [{ opPath: "parse", runId, size: 12n }] };
  const { user } = renderPage(`${job}?ops=sum`, host);
  expect(await screen.findByRole("region", { name: "Inputs that nothing gives" })).toBeDefined();
  expect(screen.getByText("Config · inputs.sum.rows · line 2, column 3")).toBeDefined();
  const field = screen.getByRole("combobox", { name: "Run whose outputs are the inputs that the ops lack" });
  await user.type(field, "0193dead");
  await user.click(await screen.findByRole("button", { name: /there is no run 0193dead/ }));
  expect(document.activeElement).toBe(field);
  await user.clear(field);
  await user.type(field, runId);
  expect(await screen.findByText("1 output is taken from earlier runs")).toBeDefined();
  expect(screen.getByRole("link", { name: "Show the run" }).getAttribute("href")).toBe(`/runs/${runId}`);
});
