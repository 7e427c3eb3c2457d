import { create } from "@bufbuild/protobuf";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { LocationSchema, LocationState } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { SelectorSubject } from "@/gen/penstock/host/v1/runfilter_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { nightly } from "@/testing/automation-samples";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob, reportName } from "@/testing/samples";

function hostWithJobs() {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  host.addJob(reportJob({ name: { ...reportName, job: "secret" }, metadata: { state: FeatureState.REFUSED, content: { case: "refusal", value: {} } } }));
  return host;
}

it("lists jobs below their location and repository, with tags and the state of their metadata", async () => {
  renderPage("/", hostWithJobs());
  const jobs = await screen.findByRole("list", { name: "Jobs" });
  expect(within(jobs).getByRole("heading", { name: "local" })).toBeDefined();
  expect(within(jobs).getByRole("link", { name: "report" }).getAttribute("href")).toBe("/jobs/local/tutorial/report");
  expect(within(jobs).getAllByText("data")).toHaveLength(2);
  expect(within(jobs).getByText("no metadata")).toBeDefined();
  expect(within(jobs).getByText("metadata not shown")).toBeDefined();
});

it("marks a failed location in its place, with error and remedy, and says so above every page", async () => {
  const host = hostWithJobs();
  host.addLocation({ name: "billing", state: LocationState.UNAVAILABLE, error: "nothing listens on 127.0.0.1:1", remedy: "Start the server." });
  renderPage("/jobs", host);
  const jobs = await screen.findByRole("list", { name: "Jobs" });
  expect(within(jobs).getByText("Unavailable")).toBeDefined();
  expect(within(jobs).getByText("nothing listens on 127.0.0.1:1")).toBeDefined();
  expect(within(jobs).getByText("Start the server.")).toBeDefined();
  expect(await screen.findByText("Code location billing: unavailable")).toBeDefined();
});

it("shows each job's latest run, and follows it", async () => {
  const host = hostWithJobs();
  host.addRun({ id: "0193a4b2-77c1-7d10", job: reportName, status: RunStatus.STARTED });
  renderPage("/jobs", host);
  expect(await screen.findByRole("link", { name: "Running: run 0193a4b2-77c1" })).toBeDefined();
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  host.changeRun("0193a4b2-77c1-7d10", { status: RunStatus.SUCCESS });
  expect(await screen.findByRole("link", { name: "Success: run 0193a4b2-77c1" })).toBeDefined();
});

it("does not let a first list of a job's runs that is late win over what was told meanwhile", async () => {
  const host = hostWithJobs();
  host.addRun({ id: "0193a4b2-0001", job: reportName, status: RunStatus.STARTED });
  host.addRun({ id: "0193a4b2-0002", job: { ...reportName, job: "secret" }, status: RunStatus.STARTED });
  const { taken, give } = host.held.next(RunService.method.listRuns);
  renderPage("/jobs", host);
  await taken;
  // Both jobs' runs change at once; the list of one of them is held.
  const running = await screen.findByRole("link", { name: /^Running: run/ });
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  for (const id of ["0193a4b2-0001", "0193a4b2-0002"]) host.changeRun(id, { status: RunStatus.SUCCESS });
  await waitFor(() => { expect(running.getAttribute("aria-label")).toMatch(/^Success/); });
  give();
  await waitFor(() => { expect(screen.getAllByRole("link", { name: /^Success: run/ })).toHaveLength(2); });
});

it("says when a location was updated, and shows its new jobs", async () => {
  const host = hostWithJobs();
  const { user } = renderPage("/jobs", host);
  await screen.findByRole("link", { name: "report" });
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.addJob(reportJob({ name: { ...reportName, job: "brand_new" } }));
  host.locations = [create(LocationSchema, readyLocation("local", "def456", 2))];
  host.locationChanges.send({ location: host.locations[0] });
  expect(await screen.findByText("Code location local was updated")).toBeDefined();
  expect(screen.getByText(/code version abc123 → def456/)).toBeDefined();
  expect(await screen.findByRole("link", { name: "brand_new" })).toBeDefined();
  await user.click(screen.getByRole("button", { name: /^Dismiss/ }));
  expect(screen.queryByText("Code location local was updated")).toBeNull();
});

it("keeps the search in the address", async () => {
  const { user, address } = renderPage("/jobs", hostWithJobs());
  await screen.findByRole("link", { name: "report" });
  await user.type(screen.getByRole("combobox", { name: "Find jobs" }), "secret");
  await waitFor(() => { expect(screen.queryByRole("link", { name: "report" })).toBeNull(); });
  expect(screen.getByRole("link", { name: "secret" })).toBeDefined();
  expect(address()).toBe("/jobs?search=secret");
});

it("takes a selector with Enter, completes it for jobs, and leaves words to the search", async () => {
  const host = hostWithJobs();
  const subjects: SelectorSubject[] = [];
  host.search.complete = ({ subject, cursor }) => {
    subjects.push(subject);
    return { from: 0, to: cursor, suggestions: [{ text: "meta:owner", label: "owner", kind: 3 }] };
  };
  const { user, address } = renderPage("/jobs", host);
  const box = await screen.findByRole<HTMLInputElement>("combobox", { name: "Find jobs" });
  await user.type(box, "job=");
  expect((await screen.findByRole("option")).textContent).toBe("ownermetadata");
  expect(new Set(subjects)).toEqual(new Set([SelectorSubject.JOBS]));
  await user.keyboard("{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("a value is missing");
  await user.keyboard("secret{Enter}");
  await waitFor(() => { expect(address()).toBe("/jobs?where=job=secret"); });
  await waitFor(() => { expect(screen.queryByRole("link", { name: "report" })).toBeNull(); });
  expect(host.jobsWhere.at(-1)).toBe("job=secret");
  await user.clear(box);
  await waitFor(() => { expect(address()).toBe("/jobs"); });
});

it("says how to make the first job where there is no location", async () => {
  renderPage("/jobs", new MemoryHost());
  expect(await screen.findByText("No code location yet")).toBeDefined();
  expect(screen.getByText(/penstock new my-jobs/)).toBeDefined();
});

it("says of how many jobs the metadata is not shown, where the selector looks at metadata", async () => {
  const { user } = renderPage("/jobs?where=job=report", hostWithJobs());
  await screen.findByRole("link", { name: "report" });
  expect(screen.queryByText(/metadata of .* is not shown/)).toBeNull();
  const box = screen.getByRole("combobox", { name: "Find jobs" });
  await user.clear(box);
  await user.type(box, "meta:owner=etl{Enter}");
  const told = within((await screen.findByText("The metadata of 1 job is not shown")).closest<HTMLElement>("[role=status]")!);
  expect(told.getByText(/answered as if it had none/)).toBeDefined();
  expect(told.getByRole("link", { name: "Deployment" }).getAttribute("href")).toBe("/deployment");
});

it("says of each job when it is launched next by itself, asking once for all", async () => {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  host.automation.add(nightly());
  renderPage("/jobs", host);
  const mark = await screen.findByRole("link", { name: "Next tick in 1 h" });
  expect(mark.getAttribute("href")).toBe("/automation/local/tutorial/nightly");
  expect(mark.title).toContain("(Europe/Berlin)");
});
