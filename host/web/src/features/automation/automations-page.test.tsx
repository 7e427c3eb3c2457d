import { ConnectError, Code } from "@connectrpc/connect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { AutomationService, AutomationSwitch, TickStatus } from "@/gen/penstock/host/v1/automation_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { MemoryHost } from "@/testing/memory-host";
import { commits, nightly } from "@/testing/automation-samples";
import { renderPage } from "@/testing/render-page";
import { readyLocation } from "@/testing/samples";

function hostWithBoth() {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.automation.add(commits());
  host.automation.add(nightly({ lastTicks: [{ id: "2", at: timestampFromMs(2000), status: TickStatus.FAILURE, error: "boom" }, { id: "1", at: timestampFromMs(1000), status: TickStatus.SKIPPED, count: 240, skipReason: "nothing new" }] }));
  return host;
}

const row = async (name: string) => within((await screen.findByRole("link", { name })).closest("li")!);

it("lists schedules and sensors with what they run, when they tick next and how they ticked", async () => {
  renderPage("/automation", hostWithBoth());
  const schedule = await row("nightly");
  expect(schedule.getByText("30 6 * * *").title).toBe("every day at 06:30");
  expect(schedule.getByText("Europe/Berlin")).toBeDefined();
  const next = schedule.getByText(/\(in 1 h\)$/);
  expect(next.title).toMatch(/\(Europe\/Berlin\)\n.*Z$/);
  expect(schedule.getByRole("link", { name: /^Failure, .*boom$/ }).getAttribute("href")).toBe("/automation/local/tutorial/nightly?status=failure");
  expect(schedule.getByRole("link", { name: /^Skipped, .*240 times, nothing new$/ })).toBeDefined();
  expect(schedule.getByRole("switch").getAttribute("aria-checked")).toBe("true");
  const sensor = await row("commits");
  expect(sensor.getByText("every 45 s")).toBeDefined();
  expect(sensor.getByText("no next tick")).toBeDefined();
  expect(sensor.getByRole("link", { name: "other" }).getAttribute("href")).toBe("/jobs/local/tutorial/other");
});

it("shows what was switched at once, with who did it, and takes it back when the host refuses", async () => {
  const host = hostWithBoth();
  const held = host.held.next(AutomationService.method.switchAutomation);
  const { user } = renderPage("/automation", host);
  const toggle = () => screen.getByRole("switch", { name: "Makes ticks: nightly" });
  await row("nightly");
  await user.click(toggle());
  expect(toggle().getAttribute("aria-checked")).toBe("false");
  expect(toggle().getAttribute("aria-busy")).toBe("true");
  held.give();
  await waitFor(() => { expect(toggle().getAttribute("aria-busy")).toBe("false"); });
  expect(toggle().getAttribute("aria-checked")).toBe("false");
  expect(host.automation.switched).toMatchObject([{ to: AutomationSwitch.OFF, by: "web UI" }]);
  host.automation.refuseSwitch = new ConnectError("the host is read-only", Code.FailedPrecondition);
  await user.click(toggle());
  expect((await screen.findByRole("alert")).textContent).toContain("the host is read-only");
  expect(toggle().getAttribute("aria-checked")).toBe("false");
});

it("finds by words and kind, which the address holds", async () => {
  const { user, address } = renderPage("/automation", hostWithBoth());
  await row("nightly");
  await user.click(screen.getByRole("link", { name: "Sensors" }));
  await waitFor(() => { expect(screen.queryByRole("link", { name: "nightly" })).toBeNull(); });
  await user.type(screen.getByRole("searchbox"), "other");
  expect(address()).toBe("/automation?search=other&kind=sensor");
  expect(await row("commits")).toBeDefined();
  await user.type(screen.getByRole("searchbox"), "x");
  expect(await screen.findByText("No sensor matches “otherx”")).toBeDefined();
});

it("marks what makes no ticks in place, and says what to do", async () => {
  const host = new MemoryHost();
  host.automation.add(nightly({ problem: "the location does not answer", remedy: "Start it.", stale: true }));
  host.automation.add({ name: { ...commits().name, name: "old" }, goneSince: timestampFromMs(Date.now() - 7_500_000) });
  renderPage("/automation", host);
  const schedule = await row("nightly");
  expect(schedule.getByText("the location does not answer")).toBeDefined();
  expect(schedule.getByText("Start it.")).toBeDefined();
  expect(schedule.getByText("Stale")).toBeDefined();
  const gone = await row("old");
  expect(gone.getByText("Removed by a deploy")).toBeDefined();
  expect(gone.getByText("2 h ago")).toBeDefined();
});

it("says of a location that is refused why, and never that there are none", async () => {
  const host = new MemoryHost();
  host.automation.refuse({ state: FeatureState.REFUSED, capability: "schedules", location: "old", message: "schedules need protocol 0.15.0", remedy: "Deploy it with a newer SDK.", reported: "0.14.0", required: "0.15.0", hostVersion: "0.15.0", code: "SERVER_TOO_OLD" });
  renderPage("/automation", host);
  const section = within(await screen.findByRole("region", { name: "Schedules of old not shown" }));
  for (const text of ["schedules need protocol 0.15.0", "Deploy it with a newer SDK.", "0.14.0", "SERVER_TOO_OLD"]) expect(section.getByText(text)).toBeDefined();
  expect(screen.queryByText("No schedule and no sensor yet")).toBeNull();
});

it("says how to make the first one, and shows it when it is there", async () => {
  const host = new MemoryHost();
  renderPage("/automation", host);
  expect(await screen.findByText("No schedule and no sensor yet")).toBeDefined();
  await waitFor(() => { expect(host.automation.changes.size).toBe(1); });
  host.automation.add(nightly());
  host.automation.changes.send({});
  expect(await row("nightly")).toBeDefined();
});
