import { Code } from "@connectrpc/connect";
import { create } from "@bufbuild/protobuf";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { JobSchema } from "@/gen/penstock/host/v1/job_pb";
import { LocationSchema } from "@/gen/penstock/host/v1/location_pb";
import type { LaunchRunRequest } from "@/gen/penstock/host/v1/run_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { hostError, MemoryHost } from "@/testing/memory-host";
import { days, hostWithPartitions, regions } from "@/testing/partition-samples";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob } from "@/testing/samples";

const page = "/jobs/local/tutorial/report/launchpad";
const draft = { config: "weeks: 3\n", tags: [{ key: "env", value: "dev" }], ops: "read", digest: "abcd" };
const keepDraft = (kept: object) => { window.localStorage.setItem("penstock.draft.local/tutorial/report", JSON.stringify(kept)); };
const keptDraft = () => JSON.parse(window.localStorage.getItem("penstock.draft.local/tutorial/report") ?? "null") as typeof draft | null;

function hostWithJob() {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  host.preview = (launch) => ({
    job: { location: "local", repository: "tutorial", job: "report" },
    tags: [
      { key: "penstock/job", value: "report", origin: Origin.SYSTEM },
      { key: "tier", value: "gold", origin: Origin.DEFINITION },
      ...(launch?.tags ?? []).map((tag) => ({ key: tag.key, value: tag.value, origin: Origin.LAUNCH })),
    ],
    opPaths: launch?.opSelection === "read" ? ["read"] : ["read", "tidy.count", "write"],
    configYaml: "weeks: 12\n",
    codeVersion: "abc123",
    definitionDigest: new Uint8Array([0xab, 0xcd]),
  });
  return host;
}

it("says what will run: ops, tags with origin, config with defaults, code version", async () => {
  renderPage(page, hostWithJob());
  expect(await screen.findByText("all 3 ops")).toBeDefined();
  const tags = within(screen.getByRole("list", { name: "Tags that the run gets" }));
  expect(tags.getAllByRole("listitem").map((item) => item.textContent)).toEqual(["tier: goldfrom the job's definition", "job: reportset by Penstock"]);
  expect(screen.getByText("weeks: 12")).toBeDefined();
  expect(screen.getByText("abc123")).toBeDefined();
});

it("launches what was prepared and opens the run; the draft stays", async () => {
  keepDraft(draft);
  const host = hostWithJob();
  const { user, address } = renderPage(page, host);
  await screen.findByText("1 of 3 ops");
  await user.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => { expect(host.launched).toHaveLength(1); });
  const [request] = host.launched;
  expect(request).toMatchObject({ job: "local/tutorial/report", configYaml: "weeks: 3\n", opSelection: "read", tags: [{ key: "env", value: "dev" }], definitionDigest: new Uint8Array([0xab, 0xcd]) });
  expect(request?.requestId).toMatch(/^[0-9a-f]{32}$/);
  await waitFor(() => { expect(address()).toBe(`/runs/run-of-${request?.requestId ?? ""}`); });
  expect(keptDraft()?.config).toBe("weeks: 3\n");
});

it("asks with the same request id after an error, so that no second run can come of it; a change is a new request", async () => {
  const host = hostWithJob();
  const asked: LaunchRunRequest[] = [];
  host.launch = (request) => {
    asked.push(request);
    throw hostError(Code.Unavailable, "the store is busy", { remedy: "Try again." });
  };
  const { user } = renderPage(page, host);
  await screen.findByText("all 3 ops");
  const launch = screen.getByRole("button", { name: /Launch the run/ });
  await user.click(launch);
  expect(await screen.findByText("the store is busy")).toBeDefined();
  await user.click(launch);
  await waitFor(() => { expect(asked).toHaveLength(2); });
  expect(asked[1]?.requestId).toBe(asked[0]?.requestId);
  await user.type(screen.getByRole("textbox", { name: "Op selection" }), "read");
  await screen.findByText("1 of 3 ops");
  await user.click(launch);
  await waitFor(() => { expect(asked).toHaveLength(3); });
  expect(asked[2]?.requestId).not.toBe(asked[0]?.requestId);
});

it("lists all that is wrong with its place, and launches nothing", async () => {
  keepDraft(draft);
  const host = hostWithJob();
  host.preview = () => ({
    problems: [
      { field: "config", path: "weeks", line: 1, column: 8, message: "must be a whole number" },
      { field: "tags", path: "a b", message: "a key holds no space" },
      { field: "op_selection", line: 1, column: 3, message: "matches no op" },
    ],
  });
  const { user } = renderPage(page, host);
  expect(await screen.findByRole("heading", { name: "3 problems" })).toBeDefined();
  expect(screen.getByText("Config · weeks · line 1, column 8")).toBeDefined();
  const launch = screen.getByRole("button", { name: /Launch the run/ });
  expect(launch.getAttribute("aria-disabled")).toBe("true");
  await user.click(launch);
  await user.keyboard("{Control>}{Enter}{/Control}");
  expect(host.launched).toHaveLength(0);
  await user.click(screen.getByRole("button", { name: /matches no op/ }));
  const selection = screen.getByRole<HTMLInputElement>("textbox", { name: "Op selection" });
  expect(document.activeElement).toBe(selection);
  expect(selection.value.slice(selection.selectionStart ?? 0, selection.selectionEnd ?? 0)).toBe(draft.ops.slice(2));
  expect(screen.getByText("Op selection · column 3")).toBeDefined();
  await user.click(screen.getByRole("button", { name: /must be a whole number/ }));
  await waitFor(() => { expect(document.activeElement?.getAttribute("aria-label")).toBe("Config, as YAML"); });
  await user.click(screen.getByRole("button", { name: /a key holds no space/ }));
  expect(await screen.findByRole("dialog", { name: "Tags of this run" })).toBeDefined();
});

it("says that the location refuses launches now, and leads to it; the launch is barred", async () => {
  const host = hostWithJob();
  host.preview = () => ({ problems: [{ field: "job", message: "job report cannot be launched now: code location local has not answered for 5m. Launch it again once the location answers." }] });
  renderPage(page, host);
  const problems = within((await screen.findByRole("heading", { name: "1 problem" })).closest("section")!);
  expect(problems.getByText(/cannot be launched now/)).toBeDefined();
  expect(problems.getByRole("link", { name: "Open Deployment" }).getAttribute("href")).toBe("/deployment#local");
  expect(screen.getByRole("button", { name: /Launch the run/ }).getAttribute("aria-disabled")).toBe("true");
});

it("says that a run would wait for its code", async () => {
  const host = hostWithJob();
  host.preview = () => ({ opPaths: ["read"], notes: ["The run will wait for its code: code location local does not answer."] });
  renderPage(page, host);
  expect(await screen.findByText(/^The run will wait for its code/)).toBeDefined();
  expect(screen.getByRole("button", { name: /Launch the run/ }).getAttribute("aria-disabled")).toBe("false");
});

it("takes tags by keyboard: shortcut to open, trimmed, shortcut to apply, definition's tags overridden", async () => {
  const host = hostWithJob();
  const { user } = renderPage(page, host);
  await screen.findByText("all 3 ops");
  await user.keyboard("{Alt>}[KeyT]{/Alt}");
  const dialog = within(await screen.findByRole("dialog", { name: "Tags of this run" }));
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 1" }), " team ");
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 1" }), " mine ");
  expect(dialog.getByText("overridden")).toBeDefined();
  expect(dialog.getAllByText("overridden")).toHaveLength(1);
  await user.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(keptDraft()?.tags).toEqual([{ key: "team", value: "mine" }]);
  expect(await screen.findByText("given at launch")).toBeDefined();
  expect(host.launched).toHaveLength(0);
});

it("blocks half-filled rows and keys given twice, each with a message", async () => {
  const { user } = renderPage(page, hostWithJob());
  await user.click(await screen.findByRole("button", { name: /Add tags/ }));
  const dialog = within(await screen.findByRole("dialog", { name: "Tags of this run" }));
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 1" }), "env");
  await user.click(dialog.getByRole("button", { name: /Apply/ }));
  expect(dialog.getByText(/The key “env” has no value/)).toBeDefined();
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 1" }), "dev");
  await user.click(dialog.getByRole("button", { name: "Add a tag" }));
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 2" }), "x");
  await user.click(dialog.getByRole("button", { name: /Apply/ }));
  expect(dialog.getByText(/The value “x” has no key/)).toBeDefined();
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 2" }), "env");
  expect(dialog.getByText(/The key “env” is given twice/)).toBeDefined();
  await user.click(dialog.getByRole("button", { name: "Remove tag 2" }));
  await user.click(dialog.getByRole("button", { name: /Apply/ }));
  await waitFor(() => { expect(keptDraft()?.tags).toEqual([{ key: "env", value: "dev" }]); });
});

it("keeps a tag without a value when that is meant, and says the host's own words about a bad key", async () => {
  const host = hostWithJob();
  const fine = host.preview;
  host.preview = (launch) => (launch?.tags.some((tag) => tag.key === "penstock/x") === true ? { problems: [{ field: "tags", path: "penstock/x", message: "penstock/ is reserved" }] } : fine(launch));
  const { user } = renderPage(page, host);
  await user.click(await screen.findByRole("button", { name: /Add tags/ }));
  const dialog = within(await screen.findByRole("dialog", { name: "Tags of this run" }));
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 1" }), "penstock/x");
  await user.click(dialog.getByRole("button", { name: /Apply/ }));
  await user.click(dialog.getByRole("button", { name: "Keep it without a value" }));
  expect(await dialog.findByText("penstock/ is reserved")).toBeDefined();
  await user.click(dialog.getByRole("button", { name: /Apply/ }));
  expect(screen.getByRole("dialog")).toBeDefined();
  await user.clear(dialog.getByRole("textbox", { name: "Key of tag 1" }));
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 1" }), "urgent");
  await waitFor(() => { expect(dialog.queryByText("penstock/ is reserved")).toBeNull(); });
  await user.click(dialog.getByRole("button", { name: /Apply/ }));
  await waitFor(() => { expect(keptDraft()?.tags).toEqual([{ key: "urgent", value: "" }]); });
});

it("says that the definition changed meanwhile, what changed, and keeps the text", async () => {
  keepDraft(draft);
  const host = hostWithJob();
  const { user } = renderPage(page, host);
  await screen.findByText("1 of 3 ops");
  expect(screen.queryByText("The job's definition changed since you began")).toBeNull();
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  const changed = create(JobSchema, reportJob({ definitionDigest: new Uint8Array([0x99]) }));
  changed.definition?.tags.pop();
  host.jobs = [changed];
  host.locationChanges.send({ location: create(LocationSchema, readyLocation("local", "def456", 2)) });
  expect(await screen.findByText("The job's definition changed since you began")).toBeDefined();
  expect(screen.getByText("tag removed: tier:gold")).toBeDefined();
  expect(keptDraft()).toMatchObject(draft);
  await user.click(screen.getByRole("button", { name: "Continue with the new definition" }));
  expect(screen.queryByText("The job's definition changed since you began")).toBeNull();
  expect(keptDraft()).toMatchObject({ config: draft.config, digest: "99" });
});

it("takes an op selection from a link into the draft", async () => {
  const { address } = renderPage(`${page}?ops=read`, hostWithJob());
  expect(await screen.findByDisplayValue("read")).toBeDefined();
  await waitFor(() => { expect(address()).toBe(page); });
  expect(keptDraft()?.ops).toBe("read");
});

it("writes all fields with their defaults to start from", async () => {
  const { user } = renderPage(page, hostWithJob());
  await user.click(await screen.findByRole("button", { name: "Insert all fields" }));
  expect(keptDraft()?.config).toBe("weeks: 12\n");
  expect(screen.queryByRole("button", { name: "Insert all fields" })).toBeNull();
});

it("takes a partition from a link or a search, the newest first, and launches it without config", async () => {
  const host = hostWithPartitions(days, regions);
  host.preview = (launch) => ({ tags: [{ key: "penstock/partition", value: launch?.partition ?? "" }] });
  const { user, address } = renderPage("/jobs/local/tutorial/report/launchpad?partition=2026-11-22%7Ceu", host);
  const day = await screen.findByRole("combobox", { name: "Partition: day" });
  await waitFor(() => { expect((day as HTMLInputElement).value).toBe("2026-11-22"); });
  expect(address()).toBe("/jobs/local/tutorial/report/launchpad");
  await user.clear(day);
  await user.type(day, "2026-11-0");
  await waitFor(() => { expect(screen.getAllByRole("option")[0]?.textContent).toBe("2026-11-09"); });
  await user.keyboard("{ArrowDown}{Enter}");
  const region = screen.getByRole("combobox", { name: "Partition: region" });
  expect((region as HTMLInputElement).value).toBe("eu");
  expect(screen.getByText(/Left empty, it is made by the job.s code for the partition/)).toBeDefined();
  await waitFor(() => { expect(host.previewed.at(-1)?.partition).toBe("2026-11-09|eu"); });
  expect(await screen.findByText("2026-11-09|eu", { selector: "code" })).toBeDefined();
  await user.click(screen.getByRole("button", { name: /Launch the run/ }));
  await waitFor(() => { expect(host.launched).toMatchObject([{ partition: "2026-11-09|eu", configYaml: "" }]); });
});
