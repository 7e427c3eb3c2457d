import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { runId } from "@/testing/run-samples";
import { reportJob, reportName } from "@/testing/samples";

function hostWithRun(status: RunStatus) {
  const host = new MemoryHost();
  host.addJob(reportJob());
  host.addRun({
    id: runId,
    job: reportName,
    status,
    tags: [
      { key: "env", value: "dev", origin: Origin.LAUNCH },
      { key: "penstock/job", value: "report", origin: Origin.SYSTEM },
      { key: "team", value: "data", origin: Origin.DEFINITION },
    ],
  });
  return host;
}

async function openEditor(status: RunStatus) {
  const host = hostWithRun(status);
  const page = renderPage(`/runs/${runId}`, host);
  await page.user.click(await screen.findByRole("button", { name: "Edit tags" }));
  return { host, ...page, dialog: within(await screen.findByRole("dialog", { name: "Edit the tags of this run" })) };
}

const shown = async () => within((await screen.findByRole("heading", { name: /^Tags/ })).closest("section")!);

it.each([RunStatus.QUEUED, RunStatus.STARTED, RunStatus.SUCCESS])("adds, changes and removes tags of a run with status %i, and says who and when", async (status) => {
  const { host, user, dialog } = await openEditor(status);
  expect(dialog.getAllByRole("textbox", { name: /^Key/ }).map((field) => (field as HTMLInputElement).value)).toEqual(["env", "team", ""]);
  expect(dialog.queryByText(/judged anew/) !== null).toBe(status === RunStatus.QUEUED);
  await user.clear(dialog.getByRole("textbox", { name: "Value of tag 1" }));
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 1" }), "prod");
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 3" }), "tier");
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 3" }), "gold");
  await user.click(dialog.getByRole("button", { name: "Remove tag 2" }));
  expect(within(dialog.getByRole("list", { name: "Tags that will be removed" })).getByText("data")).toBeDefined();
  await user.type(dialog.getByLabelText(/^Your name/), "anna");
  await user.click(dialog.getByRole("button", { name: /^Save/ }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(host.tags.edited).toMatchObject([{ runId, by: "anna", edit: { set: [{ key: "env", value: "prod" }, { key: "tier", value: "gold" }], remove: ["team"] } }]);
  expect(host.tags.edited[0]?.requestId).toMatch(/^[0-9a-f]{32}$/);
  const tags = await shown();
  await waitFor(() => { expect(tags.getAllByText(/^edited by anna/)).toHaveLength(2); });
  expect(tags.getAllByRole("listitem").map((item) => item.textContent)).toEqual(["env: prodedited by anna just now", "tier: goldedited by anna just now", "job: reportset by Penstock"]);
  expect(tags.getByRole("link", { name: /^env/ }).title).toMatch(/edited by anna, .*\d\d:\d\d/);
});

it("is blocked by half-filled rows and by keys that are given twice", async () => {
  const { host, user, dialog } = await openEditor(RunStatus.SUCCESS);
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 3" }), "env");
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 3" }), "x");
  await user.click(dialog.getByRole("button", { name: /^Save/ }));
  expect(dialog.getByRole("alert").textContent).toMatch(/^The key “env” is given twice/);
  await user.clear(dialog.getByRole("textbox", { name: "Key of tag 3" }));
  expect(dialog.getByRole("alert").textContent).toMatch(/^The value “x” has no key/);
  expect(host.tags.edited).toEqual([]);
  await user.click(dialog.getByRole("button", { name: "Remove tag 3" }));
  expect(dialog.getByRole("button", { name: /^Save/ }).getAttribute("aria-disabled")).toBe("true");
});

it("shows what the host refuses at the key that it is about", async () => {
  const { host, user, dialog } = await openEditor(RunStatus.QUEUED);
  host.tags.refuse = ({ edit }) => (edit?.set ?? []).filter((tag) => tag.key === "penstock/priority" && tag.value === "high").map((tag) => ({ field: "tags", path: tag.key, message: "“high” is no whole number" }));
  await user.type(dialog.getByRole("textbox", { name: "Key of tag 3" }), "penstock/priority");
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 3" }), "high");
  await user.keyboard("{Control>}{Enter}{/Control}");
  const problem = await dialog.findByText("“high” is no whole number");
  expect(dialog.getByRole("textbox", { name: "Value of tag 3" }).getAttribute("aria-describedby")).toBe(problem.closest("[role=alert]")?.id);
  expect(dialog.queryByText("Could not change the tags")).toBeNull();
  await user.clear(dialog.getByRole("textbox", { name: "Value of tag 3" }));
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 3" }), "5");
  expect(dialog.queryByText("“high” is no whole number")).toBeNull();
  await user.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  const [first, second] = host.tags.edited.map((edit) => edit.requestId);
  expect(first).not.toBe(second);
});

it("shows the history of a tag, and puts an earlier value back", async () => {
  const { host, user, dialog } = await openEditor(RunStatus.SUCCESS);
  await user.clear(dialog.getByRole("textbox", { name: "Value of tag 1" }));
  await user.type(dialog.getByRole("textbox", { name: "Value of tag 1" }), "prod");
  await user.click(dialog.getByRole("button", { name: /^Save/ }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  await user.click((await shown()).getByRole("button", { name: "History of env" }));
  const history = within(await screen.findByRole("dialog", { name: "History of env" }));
  const changes = async () => (await history.findAllByRole("listitem")).map((item) => item.textContent);
  expect((await changes()).map((text) => text.replace(/ \w{3} \d.*$| \d.*$/, ""))).toEqual(["env: prodas it is nowby web UI", expect.stringMatching(/^env: devPut backgiven at launch/)]);
  await user.click(history.getByRole("button", { name: "Put back" }));
  await waitFor(async () => { expect((await changes())[0]).toMatch(/^env: devas it is now/); });
  expect(host.tags.edited.at(-1)).toMatchObject({ edit: { set: [{ key: "env", value: "dev" }], remove: [] } });
});
