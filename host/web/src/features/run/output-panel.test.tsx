import { screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { renderPage } from "@/testing/render-page";
import { captured, hostWithMappedRun, opStarted, runId } from "@/testing/run-samples";

const page = `/runs/${runId}?said=output`;
const lines = async () => within(await screen.findByRole("region", { name: "Lines of output" })).getAllByRole("listitem").map((line) => line.textContent.replace(/^\d\d:\d\d:\d\d\.\d+/, ""));

const written = [
  opStarted(0, "list"),
  captured(1, "list", "\u001b[32mreading\u001b[0m\n"),
  captured(2, "list", "careful\n", { descriptor: 2 }),
  captured(3, "parse[a]", "row 1\n"),
  captured(4, "", "of whom?\n", { candidates: ["parse[a]", "parse[b]"] }),
  captured(5, "parse[b]", "row 2\n", { skipped: 4096n }),
];

it("is no part of the list of events", async () => {
  const host = hostWithMappedRun(RunStatus.SUCCESS, ...written);
  renderPage(`/runs/${runId}`, host);
  expect(await screen.findByText("1 event")).toBeDefined();
  expect(host.watched).toMatchObject([{ withoutKinds: ["captured"], kinds: [] }]);
});

it("shows what all ops wrote, and what is of no op for sure with those that it may be of", async () => {
  const host = hostWithMappedRun(RunStatus.SUCCESS, ...written);
  const { user } = renderPage(`/runs/${runId}`, host);
  await user.click(await screen.findByRole("link", { name: "stdout and stderr" }));
  expect(await lines()).toEqual([
    "outlistreading",
    "errlistcareful",
    "outparse[a]row 1",
    "outone of 2 opsof whom?",
    "4.0 KiB of stdout left out here: only so much of it is kept",
    "outparse[b]row 2",
  ]);
  expect(screen.getByTitle("It may be of parse[a], parse[b]")).toBeDefined();
  expect(host.watched.at(-1)).toMatchObject({ kinds: ["captured"], opPaths: [] });
});

it("asks the host for those of one op, and filters by stream", async () => {
  const host = hostWithMappedRun(RunStatus.SUCCESS, ...written);
  const { user, address } = renderPage(page, host);
  await lines();
  await user.selectOptions(screen.getByRole("combobox", { name: "Output of" }), "list");
  expect(address()).toBe(`/runs/${runId}?op=list&said=output`);
  await waitFor(async () => { expect(await lines()).toEqual(["outlistreading", "errlistcareful"]); });
  expect(host.watched.at(-1)).toMatchObject({ kinds: ["captured"], opPaths: ["list"] });
  await user.selectOptions(screen.getByRole("combobox", { name: "Stream" }), "stderr");
  expect(await lines()).toEqual(["errlistcareful"]);
  expect(screen.getByText("1 of 2 lines")).toBeDefined();
});

it("shows only what is not known of which op", async () => {
  const { user } = renderPage(page, hostWithMappedRun(RunStatus.SUCCESS, ...written));
  await lines();
  await user.selectOptions(screen.getByRole("combobox", { name: "Output of" }), "not known of which op");
  expect(await lines()).toEqual(["outone of 2 opsof whom?"]);
});

it("follows what is written, also within a line", async () => {
  const host = hostWithMappedRun(RunStatus.STARTED, captured(1, "list", "half"));
  renderPage(page, host);
  expect(await lines()).toEqual(["outlisthalf"]);
  await waitFor(() => { expect(host.runEvents.size).toBe(2); });
  host.runEvents.send({ events: [captured(2, "list", " a line\nnext\n")], cursor: "1.2.0" });
  await waitFor(async () => { expect(await lines()).toEqual(["outlisthalf a line", "outlistnext"]); });
});

it("copies and downloads what is shown", async () => {
  const { user } = renderPage(page, hostWithMappedRun(RunStatus.SUCCESS, ...written));
  await lines();
  await user.click(screen.getByRole("button", { name: "Copy these lines" }));
  expect(await navigator.clipboard.readText()).toBe(
    "list: reading\nlist: careful\nparse[a]: row 1\none of 2 ops: of whom?\n--- 4.0 KiB of stdout left out here: only so much of it is kept\nparse[b]: row 2\n",
  );
  const saved: Blob[] = [];
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: (blob: Blob) => (saved.push(blob), "blob:x"), revokeObjectURL: vi.fn() }));
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    expect(this.download).toBe(`${runId}-output.txt`);
  });
  await user.click(screen.getByRole("button", { name: "Download these lines" }));
  expect(click).toHaveBeenCalledTimes(1);
  expect(saved).toHaveLength(1);
  click.mockRestore();
});

it("says that nothing was written", async () => {
  renderPage(page, hostWithMappedRun(RunStatus.SUCCESS, opStarted(0, "list")));
  expect(await screen.findByText("This run wrote nothing to stdout or stderr")).toBeDefined();
});
