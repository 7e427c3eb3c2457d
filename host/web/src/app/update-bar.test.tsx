import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { LocationSchema, LocationService, LocationState } from "@/gen/penstock/host/v1/location_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob, reportName } from "@/testing/samples";

it("says that the host does not answer, keeps what is known, and goes on by itself when it is back", async () => {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  renderPage("/jobs", host);
  await screen.findByRole("link", { name: "report" });
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.goDown();
  expect(await screen.findByText("The host does not answer")).toBeDefined();
  expect(screen.getByRole("link", { name: "report" })).toBeDefined();
  host.down = false;
  await waitFor(() => { expect(screen.queryByText("The host does not answer")).toBeNull(); });
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  const run = host.addRun({ id: "0193a4b2-77c1", job: reportName, status: 6 });
  host.runChanges.send({ run, matches: true });
  expect(await screen.findByRole("link", { name: "Success: run 0193a4b2-77c1" })).toBeDefined();
});

it("notices a host that is back also where there is no location to tell of", async () => {
  const host = new MemoryHost();
  renderPage("/deployment", host);
  await screen.findByText("No code location yet");
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.goDown();
  expect(await screen.findByText("The host does not answer")).toBeDefined();
  host.down = false;
  await waitFor(() => { expect(screen.queryByText("The host does not answer")).toBeNull(); });
});

it("tells of a location that fails, what to do, and is put away until it happens anew", async () => {
  const host = new MemoryHost();
  const failing = (sinceMs: number) =>
    create(LocationSchema, { name: "etl", state: LocationState.STALE, error: "it refuses connections", remedy: "Start it.", errorCode: "LOCATION_UNREACHABLE", errorSince: timestampFromMs(sinceMs) });
  host.locations = [failing(1000)];
  const { user } = renderPage("/jobs", host);
  const bar = within((await screen.findByText("Code location etl: stale")).closest<HTMLElement>("[role=status]")!);
  expect(bar.getByText("it refuses connections")).toBeDefined();
  expect(bar.getByText("Start it.")).toBeDefined();
  expect(bar.getByLabelText("Warning")).toBeDefined();
  expect(bar.getByRole("link", { name: "Open Deployment" }).getAttribute("href")).toBe("/deployment#etl");
  await user.click(bar.getByRole("button", { name: "Dismiss: Code location etl: stale" }));
  expect(screen.queryByText("Code location etl: stale")).toBeNull();
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.locationChanges.send({ location: { ...failing(1000), error: "it refuses connections still" } });
  host.locationChanges.send({ location: { name: "other", state: LocationState.ERROR, error: "broken", errorCode: "X" } });
  expect(await screen.findByText("Code location other: error")).toBeDefined();
  expect(screen.queryByText("Code location etl: stale")).toBeNull();
  host.locationChanges.send({ location: failing(2000) });
  expect(await screen.findByText("2 code locations need attention")).toBeDefined();
  expect(screen.getByText("etl, other")).toBeDefined();
});

it("tells of a deploy, a drain and a configuration file with an error, each in its own words", async () => {
  const host = new MemoryHost();
  host.config = { path: "/etc/penstock.yaml", error: "line 2, column 1: a colon is missing" };
  host.addLocation({ ...readyLocation("a"), mixed: true });
  host.addLocation({ ...readyLocation("b"), draining: true });
  renderPage("/jobs", host);
  for (const text of ["A deploy of code location a is under way", "Code location b drains", "The configuration file has an error", "line 2, column 1: a colon is missing"]) {
    expect(await screen.findByText(text)).toBeDefined();
  }
});

it("does not let a first answer that is late win over what was told meanwhile", async () => {
  const host = new MemoryHost();
  host.locations = [create(LocationSchema, { name: "local", state: LocationState.ERROR, error: "its definitions are broken", errorCode: "DEFINITION" })];
  const held = [host.held.next(LocationService.method.listLocations), host.held.next(JobService.method.listJobs)];
  renderPage("/jobs", host);
  await Promise.all(held.map(({ taken }) => taken));
  await waitFor(() => { expect([host.locationChanges.size, host.locationChanges.idle]).toEqual([1, true]); });
  host.locations = [create(LocationSchema, readyLocation())];
  host.addJob(reportJob());
  host.locationChanges.send({ location: host.locations[0] });
  await waitFor(() => { expect(host.locationChanges.idle).toBe(true); });
  for (const { give } of held) give();
  expect(await screen.findByRole("link", { name: "report" })).toBeDefined();
  await waitFor(() => { expect(screen.queryByText("Code location local: error")).toBeNull(); });
});
