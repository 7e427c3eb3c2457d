import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { AutomationSwitch, TickStatus } from "@/gen/penstock/host/v1/automation_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import { commits, nightly } from "@/testing/automation-samples";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportName } from "@/testing/samples";

const page = "/automation/local/tutorial/nightly";
const sensorPage = "/automation/local/tutorial/commits";

function hostWith(...automations: Parameters<MemoryHost["automation"]["add"]>[0][]) {
  const host = new MemoryHost();
  for (const each of automations) host.automation.add(each);
  return host;
}

it("shows what it is: crons in words, zone, job, tags, policy, and who switched it", async () => {
  renderPage(page, hostWith(nightly({ switched: AutomationSwitch.ON, switchedBy: "anna", switchedAt: timestampFromMs(Date.now() - 7_500_000) })));
  const panel = within(await screen.findByRole("region", { name: "Schedule" }));
  for (const text of ["every day at 06:30", "Europe/Berlin", "all are made up for, the newest 5 at most", "one run, the same each time"]) expect(panel.getByText(text)).toBeDefined();
  expect(panel.getByText(/on, by anna/).textContent).toBe("on, by anna 2 h ago");
  expect(panel.getByRole("link", { name: "report" }).getAttribute("href")).toBe("/jobs/local/tutorial/report");
  expect(await screen.findByText("yesterday", { selector: "strong" })).toBeDefined();
  expect(screen.getByRole("link", { name: /^env/ })).toBeDefined();
});

it("lists ticks with reasons, errors, log lines and runs, and filters them by status", async () => {
  const host = hostWith(nightly());
  for (let each = 0; each < 5; each++) host.automation.addTick({ status: TickStatus.SUCCESS, at: timestampFromMs(1000), knownRunKeys: ["k"], knownRunKeyCount: 1 });
  host.automation.addTick({ status: TickStatus.SKIPPED, at: timestampFromMs(2000), skipReason: "nothing new", count: 240, lastAt: timestampFromMs(9000) });
  host.automation.addTick({ status: TickStatus.FAILURE, at: timestampFromMs(3000), error: "panic: boom", logLines: ["looking", "found"], late: true, duration: { seconds: 1n, nanos: 500_000_000 } });
  host.automation.addTick({ status: TickStatus.SUCCESS, at: timestampFromMs(4000), runs: [{ runId: "0193a4b2-77c1-7d10", runKey: "day-1", partition: "2026-11-22", status: RunStatus.FAILURE }, { runId: "0193a4b2-77c2-7d10" }] });
  const { user, address } = renderPage(page, host);
  const rows = async () => within(await screen.findByRole("region", { name: "Ticks" })).getAllByRole("row").slice(1);
  const text = (await rows()).map((row) => row.textContent);
  expect(text[0]).toContain("2 runs made0193a4b2-77c1Failure2026-11-22key day-10193a4b2-77c2 was deleted");
  expect(text[1]).toContain("late: made up for after its time");
  expect(text[1]).toContain("panic: boom2 log lines");
  expect(text[1]).toContain("1.5 s");
  expect(text[2]).toMatch(/×240 until .*nothing new/);
  expect(text).toHaveLength(5);
  await user.click(screen.getByRole("button", { name: "Show older ticks" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(8); });
  await user.click(screen.getByRole("link", { name: "Failure" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(1); });
  expect(address()).toBe(`${page}?status=failure`);
});

it("shows a tick as soon as it is made, and says how to have the first", async () => {
  const host = hostWith(commits());
  renderPage(sensorPage, host);
  expect(await screen.findByText("It makes none while it is off: switch it on, above.")).toBeDefined();
  await waitFor(() => { expect(host.automation.changes.size).toBe(1); });
  host.automation.addTick({ status: TickStatus.SKIPPED, at: timestampFromMs(1000), skipReason: "no commit" });
  host.automation.change(host.automation.automations[0]?.name, { cursor: "def456" });
  expect(await screen.findByText("no commit")).toBeDefined();
  expect(await screen.findByText("def456")).toBeDefined();
});

it("resets the cursor of a sensor when that is confirmed", async () => {
  const host = hostWith(commits());
  const { user } = renderPage(sensorPage, host);
  await user.click(await screen.findByRole("button", { name: "Set or reset…" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByRole("button", { name: "Reset the cursor" })).toBeDefined();
  expect(host.automation.cursors).toHaveLength(0);
  await user.type(dialog.getByLabelText(/New cursor/), "zzz");
  await user.click(dialog.getByRole("button", { name: "Set the cursor" }));
  await waitFor(() => { expect(host.automation.cursors).toMatchObject([{ cursor: "zzz", by: "web UI" }]); });
  expect(await screen.findByText("zzz")).toBeDefined();
});

it("previews past and next instants with what is odd, also under other crons", async () => {
  const host = hostWith(nightly());
  host.automation.preview = ({ crons, zone }) =>
    crons.includes("x")
      ? { problems: [{ field: "crons", path: "crons[0]", message: "x has 1 field, 5 are needed" }] }
      : {
          zone: zone || "Europe/Berlin",
          past: [{ at: timestampFromMs(1000), wall: "2026-11-22 06:30 CET", tick: { id: "1", status: TickStatus.FAILURE } }],
          next: [{ at: timestampFromMs(Date.now() + 7_300_000), wall: "2027-03-28 03:00 CEST", note: "02:30 does not exist that day" }],
        };
  const { user, address } = renderPage(`${page}?tab=preview`, host);
  const table = within(await screen.findByRole("region", { name: "Instants" }));
  expect(table.getByText("02:30 does not exist that day")).toBeDefined();
  expect(table.getByText("Failure")).toBeDefined();
  expect(table.getByText(/\(in 2 h\)/)).toBeDefined();
  expect(table.getByRole("link", { name: "Test at 2026-11-22 06:30 CET" }).getAttribute("href")).toBe(`${page}?tab=test&at=1970-01-01T00:00:01.000Z`);
  const crons = screen.getByLabelText("Crons, a line each");
  await user.clear(crons);
  await user.type(crons, "x");
  expect(await screen.findByText("x has 1 field, 5 are needed")).toBeDefined();
  expect(address()).toBe(`${page}?tab=preview&cron=x`);
  await user.click(screen.getByRole("link", { name: "As the definition says" }));
  expect(await screen.findByText("2026-11-22 06:30 CET")).toBeDefined();
});

it("tests a schedule at an instant: runs with tags and problems, and launches nothing", async () => {
  const host = hostWith(nightly());
  host.automation.test = () => ({
    status: TickStatus.SUCCESS,
    logLines: ["hello"],
    runs: [
      { request: { runKey: "day-1", partition: "2026-11-22" }, tags: [{ key: "env", value: "prod", origin: Origin.SCHEDULE }], preview: { job: reportName, configYaml: "weeks: 3", problems: [{ field: "config", path: "weeks", message: "is no number" }] } },
      { request: { runKey: "day-0" }, knownRunKey: true },
    ],
  });
  const { user } = renderPage(`${page}?tab=test`, host);
  const field = await screen.findByLabelText(/Instant/);
  await user.type(field, "nonsense");
  expect(screen.getByText(/This is no instant/)).toBeDefined();
  await user.clear(field);
  await user.type(field, "2026-11-22T06:00:00Z");
  await user.click(screen.getByRole("button", { name: "Test" }));
  const result = within(await screen.findByRole("region", { name: "It would make 1 run" }));
  for (const text of ["is no number", "2026-11-22", "from a schedule", "weeks: 3", "There is a run for its key already: none would be made."]) expect(result.getByText(text)).toBeDefined();
  expect(host.automation.tested).toMatchObject([{ at: timestampFromMs(Date.parse("2026-11-22T06:00:00Z")) }]);
  expect(host.launched).toHaveLength(0);
});

it("tests a sensor with a cursor", async () => {
  const host = hostWith(commits());
  host.automation.test = ({ cursor = "" }) => ({ status: TickStatus.SKIPPED, skipReason: `nothing after ${cursor}`, cursor });
  const { user } = renderPage(`${sensorPage}?tab=test`, host);
  await user.type(await screen.findByLabelText(/^Cursor;/), "9");
  await user.click(screen.getByRole("button", { name: "Test" }));
  expect(await screen.findByText("nothing after abc1239")).toBeDefined();
  expect(screen.queryByRole("link", { name: "Preview" })).toBeNull();
});

it("says that there is none with the name", async () => {
  renderPage(page, new MemoryHost());
  expect(await screen.findByText("Could not find nightly")).toBeDefined();
  expect(screen.getByRole("link", { name: "Show all schedules and sensors" }).getAttribute("href")).toBe("/automation");
});
