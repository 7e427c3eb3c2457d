import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { DiffJobResponseSchema, JobChangeKind, JobChangeSection, type DiffJobRequest } from "@/gen/penstock/host/v1/history_pb";
import { LocationSchema } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { hostError, MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob, reportName } from "@/testing/samples";

const page = "/jobs/local/tutorial/report/history";
const minute = 60_000;

function hostWithHistory(...ids: string[]) {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  ids.forEach((id, index) => {
    host.addSnapshot({
      id,
      current: index === ids.length - 1,
      metadataState: FeatureState.SHOWN,
      metadataEntries: 2,
      firstSeenAt: timestampFromMs(1_800_000_000_000 + index * minute),
      lastSeenAt: timestampFromMs(1_800_000_000_000 + (index + 1) * minute),
      firstServer: { protocolVersion: "0.15.0", build: { codeVersion: `v${index + 1}` } },
      lastServer: { protocolVersion: "0.15.0", build: { codeVersion: `v${index + 1}` } },
    });
  });
  const asked: DiffJobRequest[] = [];
  host.diff = (request) => {
    asked.push(request);
    const [from, to] = [request.from === "" ? ids.at(-2) : request.from, request.to === "" ? ids.at(-1) : request.to];
    const snapshot = (id = "") => host.snapshots.find((each) => each.id === id);
    return create(DiffJobResponseSchema, { from: snapshot(from), to: snapshot(to) });
  };
  return { host, asked };
}

const rows = async () => within(await screen.findByRole("region", { name: "Snapshots, newest first" })).getAllByRole("row").slice(1);
const chosen = () => screen.getAllByRole<HTMLInputElement>("radio").filter((radio) => radio.checked).map((radio) => radio.getAttribute("aria-label"));

it("lists snapshots, newest first, with versions, metadata and their runs; compares the newest two", async () => {
  const { host, asked } = hostWithHistory("aaaa", "bbbb", "cccc");
  renderPage(page, host);
  const [newest, , oldest] = await rows();
  expect(newest?.textContent).toMatch(/cccc.*In use.*v3.*0\.15\.0.*Shown2 entries/);
  expect(oldest?.textContent).toMatch(/aaaa.*v1/);
  expect(oldest?.textContent).not.toContain("In use");
  expect(within(oldest!).getByRole("link", { name: "Its runs" }).getAttribute("href")).toBe("/jobs/local/tutorial/report/runs?where=snapshot=aaaa");
  expect(chosen()).toEqual(["Compare snapshot cccc, 1 of 3", "Compare with snapshot bbbb, 2 of 3"]);
  await waitFor(() => { expect(asked[0]).toMatchObject({ job: "local/tutorial/report", from: "", to: "" }); });
  expect(screen.getByRole("link", { name: "History" }).getAttribute("aria-current")).toBe("page");
});

it("compares the two that are chosen, the older before the newer; the address holds them", async () => {
  const { host, asked } = hostWithHistory("aaaa", "bbbb", "cccc");
  const { user, address } = renderPage(page, host);
  await user.click(await screen.findByRole("radio", { name: "Compare with snapshot aaaa, 3 of 3" }));
  expect(address()).toBe(`${page}?from=aaaa&to=cccc`);
  await waitFor(() => { expect(asked.at(-1)).toMatchObject({ from: "aaaa", to: "cccc" }); });
  await user.click(screen.getByRole("radio", { name: "Compare with snapshot cccc, 1 of 3" }));
  await user.click(screen.getByRole("radio", { name: "Compare snapshot bbbb, 2 of 3" }));
  expect(address()).toBe(`${page}?from=bbbb&to=cccc`);
});

it("opens the pair of the address", async () => {
  const { host, asked } = hostWithHistory("aaaa", "bbbb", "cccc");
  renderPage(`${page}?from=aaaa&to=bbbb`, host);
  await rows();
  expect(chosen()).toEqual(["Compare snapshot bbbb, 2 of 3", "Compare with snapshot aaaa, 3 of 3"]);
  await waitFor(() => { expect(asked[0]).toMatchObject({ from: "aaaa", to: "bbbb" }); });
});

it("groups what changed, with before and after", async () => {
  const { host } = hostWithHistory("aaaa", "bbbb");
  const change = (section: JobChangeSection, path: string, kind: JobChangeKind, before: string, after: string) => ({ section, path, kind, before, after });
  host.diff = () => ({
    changes: [
      change(JobChangeSection.METADATA, "owner", JobChangeKind.CHANGED, "data team", "platform team"),
      change(JobChangeSection.METADATA, "gone", JobChangeKind.REMOVED, "null", ""),
      change(JobChangeSection.TAGS, "bare", JobChangeKind.CHANGED, "", "now"),
      change(JobChangeSection.GRAPH, "again", JobChangeKind.ADDED, "", "op read"),
      change(9 as JobChangeSection, "x", JobChangeKind.CHANGED, "1", "2"),
    ],
    more: 3,
  });
  renderPage(page, host);
  const metadata = within(await screen.findByRole("region", { name: "Metadata (2)" }));
  const [owner, gone] = metadata.getAllByRole("listitem").map((item) => item.textContent);
  expect(owner).toBe("Changedownerdata teamplatform team");
  expect(gone).toBe("Removedgonenull");
  expect(screen.getByRole("region", { name: "Tags (1)" }).textContent).toContain("(empty)now");
  expect(within(screen.getByRole("region", { name: "Graph (1)" })).getByRole("listitem").textContent).toBe("Addedagainop read");
  expect(screen.getByRole("region", { name: "Other (1)" })).toBeDefined();
  expect(screen.getByText("3 more changes are not listed.")).toBeDefined();
  expect(screen.queryByRole("region", { name: /^Config schema/ })).toBeNull();
});

it("says when metadata is refused instead of calling it removed, and when nothing differs", async () => {
  const { host } = hostWithHistory("aaaa", "bbbb");
  host.diff = () => ({ metadataRefusal: { state: FeatureState.REFUSED, code: "SERVER_TOO_OLD", message: "The server is too old.", remedy: "Upgrade it." } });
  renderPage(page, host);
  const section = within(await screen.findByRole("region", { name: "Metadata, not compared" }));
  expect(section.getByText("The server is too old.")).toBeDefined();
  expect(section.getByText("SERVER_TOO_OLD")).toBeDefined();
  expect(screen.getByText(/^Apart from metadata, which cannot be compared, nothing/)).toBeDefined();
});

it("says when there is one snapshot only, and when there is none", async () => {
  const { host, asked } = hostWithHistory("aaaa");
  renderPage(page, host);
  expect(await screen.findByText(/^Only one snapshot so far/)).toBeDefined();
  expect(screen.queryByRole("region", { name: "What changed" })).toBeNull();
  expect(asked).toEqual([]);
});

it("says when there is none", async () => {
  renderPage(page, hostWithHistory().host);
  expect(await screen.findByText("No snapshot yet")).toBeDefined();
});

it("shows older snapshots on request, and follows deploys", async () => {
  const { host } = hostWithHistory("s1", "s2", "s3", "s4", "s5", "s6", "s7");
  const { user } = renderPage(page, host);
  expect(await rows()).toHaveLength(5);
  await user.click(screen.getByRole("button", { name: "Show older snapshots" }));
  await waitFor(async () => { expect(await rows()).toHaveLength(7); });
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.addSnapshot({ id: "s8" });
  host.locations = [create(LocationSchema, readyLocation("local", "def456", 2))];
  host.locationChanges.send({ location: host.locations[0] });
  await waitFor(async () => { expect((await rows())[0]?.textContent).toContain("s8"); });
  expect(screen.getByRole("link", { name: "What changed in report" }).getAttribute("href")).toBe(page);
});

it("says what went wrong with the comparison, and keeps the list", async () => {
  const { host } = hostWithHistory("aaaa", "bbbb");
  host.diff = () => {
    throw hostError(Code.NotFound, "there is no snapshot dead of this job", { remedy: "List its snapshots." });
  };
  renderPage(`${page}?from=dead`, host);
  expect(await screen.findByText("there is no snapshot dead of this job")).toBeDefined();
  expect(await rows()).toHaveLength(2);
});

it("a job that is gone has its history and its runs, and its waiting runs can be re-pointed", async () => {
  const { host } = hostWithHistory("aaaa", "bbbb");
  host.jobs = [];
  host.addRun({ id: "0193a4b2-77c1", job: reportName, status: RunStatus.WAITING_FOR_CODE, statusReason: "the job is gone" });
  const { user } = renderPage("/jobs/local/tutorial/report", host);
  expect(await screen.findByText("Could not find the job report")).toBeDefined();
  expect(screen.queryByRole("link", { name: "Launch" })).toBeNull();
  expect(await screen.findByRole("button", { name: "Re-point 1 run of local/tutorial/report" })).toBeDefined();
  await user.click(screen.getByRole("link", { name: "Its history" }));
  expect(await rows()).toHaveLength(2);
  expect(screen.getByText("Could not find the job report")).toBeDefined();
  await user.click(screen.getAllByRole("link", { name: "Its runs" })[0]!);
  expect(await screen.findByRole("table", { name: "Runs" })).toBeDefined();
});
