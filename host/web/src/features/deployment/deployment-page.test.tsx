import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { LocationSchema, LocationState } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportName } from "@/testing/samples";

const card = async (name: string) => within((await screen.findByRole("heading", { name: new RegExp(`^${name}`) })).closest("section")!);

it("shows the host: queue, version, size of its data", async () => {
  renderPage("/deployment", new MemoryHost());
  expect(await screen.findByText("1 / 10")).toBeDefined();
  expect(screen.getByText("2", { selector: "strong" })).toBeDefined();
  expect(screen.getByText("2.0 KiB")).toBeDefined();
  expect(screen.getByText("1.2.3")).toBeDefined();
  expect(screen.getByText("No code location yet")).toBeDefined();
});

it("shows each location: address, versions, what it may do, error and remedy", async () => {
  const host = new MemoryHost();
  host.addLocation({
    ...readyLocation(),
    name: "local",
    server: { ...readyLocation().server, outputStore: "file:///srv/outputs" },
    capabilities: [
      { capability: "job_metadata", state: FeatureState.REFUSED, refusal: { message: "Too old.", remedy: "Upgrade.", reported: '"0.14.17"', required: "0.14.18" } },
      { capability: "list_jobs", state: FeatureState.SHOWN },
    ],
  });
  host.addLocation({
    name: "billing",
    address: "127.0.0.1:1",
    state: LocationState.INCOMPATIBLE,
    error: "protocol 2.0.0",
    errorCode: "PROTOCOL_TOO_NEW",
    errorSince: timestampFromMs(Date.now() - 125_000),
    remedy: "Upgrade the host.",
    notices: ["code location local has the same server"],
  });
  const { user } = renderPage("/deployment", host);
  const local = await card("local");
  for (const text of ["Ready", "127.0.0.1:4266", "0.15.0", "go · 1.0.0", "abc123", "file:///srv/outputs", "Refused", "Allowed", "Too old."]) {
    expect(local.getByText(text)).toBeDefined();
  }
  expect(local.queryByText("0.14.18")).toBeNull();
  await user.click(local.getByRole("button", { name: /^job_metadata ?Refused/ }));
  for (const text of ["Too old.", "Upgrade.", '"0.14.17"', "0.14.18"]) expect(local.getByText(text)).toBeDefined();
  const billing = await card("billing");
  for (const text of ["Incompatible", "protocol 2.0.0", "Upgrade the host.", "PROTOCOL_TOO_NEW", /^2 min/, "code location local has the same server"]) expect(billing.getByText(text)).toBeDefined();
});

it("reloads a location, and follows it without", async () => {
  const host = new MemoryHost();
  host.addLocation({ name: "local", state: LocationState.UNAVAILABLE, error: "nothing listens" });
  const { user } = renderPage("/deployment", host);
  const local = await card("local");
  host.locations = [create(LocationSchema, readyLocation())];
  await user.click(local.getByRole("button", { name: "Reload" }));
  expect(await local.findByText("Ready")).toBeDefined();
  expect(host.reloaded).toEqual(["local"]);
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.locations = [];
  host.locationChanges.send({ location: { name: "local" }, removed: true });
  expect(await screen.findByText("No code location yet")).toBeDefined();
});

it("shows the servers behind a location: which is in use, which drains and what it waits for, and that they differ", async () => {
  const host = new MemoryHost();
  host.addLocation({
    ...readyLocation(),
    mixed: true,
    replicas: [
      { server: { serverId: "aaaaaaaaaaaaaaaa", protocolVersion: "0.15.0", build: { codeVersion: "new" } }, address: "10.0.0.2:4266", inUse: true },
      {
        server: { serverId: "bbbbbbbbbbbbbbbb", protocolVersion: "0.14.18", build: { codeVersion: "old" }, draining: true, liveWorkers: 2, drainDeadline: timestampFromMs(Date.now() + 60_000) },
        address: "10.0.0.1:4266",
      },
    ],
  });
  renderPage("/deployment", host);
  const local = await card("local");
  expect(local.getByText("Mixed")).toBeDefined();
  expect(local.getByText(/^Mixed: they answer with different/)).toBeDefined();
  const [fresh, old] = within(local.getByRole("table")).getAllByRole("row").slice(1);
  expect(fresh?.textContent).toMatch(/^aaaaaaaa10\.0\.0\.2:42660\.15\.0newIn use/);
  expect(old?.textContent).toMatch(/^bbbbbbbb10\.0\.0\.1:42660\.14\.18oldNot in useDrainingwaits for 2 runs until .*:\d\d/);
  expect(screen.getByText("A deploy of code location local is under way")).toBeDefined();
});

it("shows the configuration file, and its mistakes so that they can be copied", async () => {
  const host = new MemoryHost();
  host.config = { path: "/etc/penstock.yaml", error: "line 3, column 5: no field called lokations", errorSince: timestampFromMs(Date.now()) };
  renderPage("/deployment", host);
  const file = within(await screen.findByRole("group", { name: "Configuration file" }));
  expect(file.getByText("/etc/penstock.yaml")).toBeDefined();
  expect(file.getByRole("region", { name: "Mistakes in the configuration file" }).textContent).toBe("line 3, column 5: no field called lokations");
  expect(file.getByRole("button", { name: "Copy the mistakes" })).toBeDefined();
  expect(screen.getByText("The configuration file has an error")).toBeDefined();
});

it("counts the runs that wait for a location's code, and leads to them", async () => {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addLocation(readyLocation("other"));
  const wait = (n: number, location: string) =>
    host.addRun({ id: `0193000${n}`, job: { ...reportName, location }, status: RunStatus.WAITING_FOR_CODE, statusReason: "the job is gone", waitingSince: timestampFromMs(Date.now() - 60_000) });
  wait(1, "local");
  wait(2, "local");
  renderPage("/deployment", host);
  const local = await card("local");
  expect(await local.findByText("2 runs wait for code")).toBeDefined();
  expect(local.getByText("the job is gone")).toBeDefined();
  expect(local.getByRole("link", { name: "2 runs of local/tutorial/report" }).getAttribute("href")).toBe("/runs?where=job=local/tutorial/report&status=WAITING_FOR_CODE");
  const other = await card("other");
  expect(other.queryByText(/for code$/)).toBeNull();
  await waitFor(() => { expect(host.runChanges.size).toBeGreaterThan(0); });
  host.runChanges.send({ run: wait(3, "other"), matches: true });
  expect(await other.findByText("1 run waits for code")).toBeDefined();
});

it("finds a location among many, and those that need attention", async () => {
  const host = new MemoryHost();
  for (let n = 0; n < 40; n++) host.addLocation(readyLocation(`team${n}`));
  host.addLocation({ name: "zebra", state: LocationState.ERROR, error: "broken" });
  const { user } = renderPage("/deployment", host);
  expect(await screen.findByText("41 code locations")).toBeDefined();
  expect(screen.getAllByRole("button", { name: "Reload" })).toHaveLength(30);
  await user.click(screen.getByRole("button", { name: "Show 11 more" }));
  expect(screen.getAllByRole("button", { name: "Reload" })).toHaveLength(41);
  await user.type(screen.getByRole("searchbox", { name: "Name, address or version" }), "team3");
  expect(screen.getByText("11 of 41 code locations")).toBeDefined();
  await user.click(screen.getByRole("checkbox", { name: "Only those that need attention" }));
  expect(screen.getByText("None of them needs attention")).toBeDefined();
  await user.clear(screen.getByRole("searchbox", { name: "Name, address or version" }));
  expect(screen.getAllByRole("button", { name: "Reload" })).toHaveLength(1);
});

it("needs no table for one server that has what is in use; what is left of a deploy is said", async () => {
  const host = new MemoryHost();
  const replica = { server: { serverId: "aaaaaaaaaaaaaaaa", build: { codeVersion: "new" } }, address: "10.0.0.2:4266", inUse: true };
  host.addLocation({ ...readyLocation("quiet"), replicas: [replica] });
  host.addLocation({ ...readyLocation("after"), mixed: true, replicas: [replica] });
  renderPage("/deployment", host);
  const quiet = await card("quiet");
  expect(quiet.getByText("aaaaaaaaaaaaaaaa")).toBeDefined();
  expect(quiet.queryByRole("table")).toBeNull();
  const after = await card("after");
  expect(after.getByText(/^Mixed: a server with other definitions.* answered less than a minute ago\./)).toBeDefined();
});
