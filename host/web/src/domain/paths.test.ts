import { expect, it } from "vitest";
import { parseSearch } from "@/lib/search-params";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { allRuns, isFiltered, paths, readJobView, readRunsView, readSnapshotPair, withTag } from "./paths";

const query = (href: string) => parseSearch(new URL(href, "http://host").search);

it("reads back the runs' filter that it writes", () => {
  const view = {
    tags: [{ key: "team", value: "a:b&c" }, { key: "penstock/job", value: "" }],
    job: "loc/repo/job",
    statuses: [RunStatus.FAILURE, RunStatus.WAITING_FOR_CODE],
    codeVersion: "v1.2+dirty",
    snapshot: "0123abcd",
    location: "etl",
    cursor: "42",
  };
  expect(readRunsView(query(paths.runs(view)))).toEqual(view);
});

it("writes short addresses", () => {
  expect(paths.runs()).toBe("/runs");
  expect(paths.runs({ tags: [{ key: "team", value: "etl" }], statuses: [RunStatus.FAILURE] })).toBe("/runs?tag=team:etl&status=FAILURE");
  expect(paths.job({ location: "local", repository: "my-repo", job: "a" })).toBe("/jobs/local/my-repo/a");
  expect(paths.jobRuns({ location: "l", repository: "r", job: "j" }, { ...allRuns, job: "x" })).toBe("/jobs/l/r/j/runs");
});

it("leaves out what makes no sense", () => {
  expect(readRunsView(parseSearch("?status=NONSENSE&tag=:x&other=1"))).toEqual(allRuns);
});

it("reads back the job's view", () => {
  const view = { graph: "a.b", node: "a.b.c", select: "*c+" };
  expect(readJobView(query(paths.job({ location: "l", repository: "r", job: "j" }, view)))).toEqual(view);
});

it("reads back the snapshots that are compared", () => {
  const name = { location: "l", repository: "r", job: "j" };
  expect(paths.jobHistory(name)).toBe("/jobs/l/r/j/history");
  expect(readSnapshotPair(query(paths.jobHistory(name, { from: "aa", to: "bb" })))).toEqual({ from: "aa", to: "bb" });
  expect(readSnapshotPair(parseSearch(""))).toEqual({ from: "", to: "" });
});

it("knows when a filter leaves runs out", () => {
  expect(isFiltered({ ...allRuns, cursor: "9" })).toBe(false);
  for (const some of [{ location: "etl" }, { snapshot: "ab" }, { codeVersion: "1" }, { job: "j" }, { statuses: [RunStatus.QUEUED] }]) {
    expect(isFiltered({ ...allRuns, ...some })).toBe(true);
  }
});

it("adds a tag, keeps the rest, starts from the newest", () => {
  const view = { ...allRuns, tags: [{ key: "a", value: "1" }], job: "j", cursor: "9" };
  expect(withTag(view, { key: "b", value: "2" })).toEqual({ ...view, tags: [{ key: "a", value: "1" }, { key: "b", value: "2" }], cursor: "" });
  expect(withTag(view, { key: "a", value: "1" }).tags).toEqual([{ key: "a", value: "1" }]);
});
