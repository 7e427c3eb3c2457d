import { expect, it } from "vitest";
import { parseSearch } from "@/lib/search-params";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { allRuns, isFiltered, paths, readJobView, readRunsView, readSnapshotPair, withWhere } from "./paths";

const query = (href: string) => parseSearch(new URL(href, "http://host").search);

it("reads back the runs' filter that it writes", () => {
  const view = { where: 'team="a:b&c" and n!=1+1 and created>-1h', statuses: [RunStatus.FAILURE, RunStatus.WAITING_FOR_CODE], cursor: "42", bulk: "0193" };
  expect(readRunsView(query(paths.runs(view)))).toEqual(view);
});

it("reads addresses from before there were selectors", () => {
  const old = "?tag=team:a+b&tag=penstock/env:&job=local/r/report&status=FAILURE&code_version=v1.2%2Bdirty&snapshot=0123abcd&location=etl&cursor=42";
  expect(readRunsView(parseSearch(old))).toEqual({
    where: 'team="a b" and penstock/env="" and job=local/r/report and version=v1.2+dirty and snapshot=0123abcd and location=etl',
    statuses: [RunStatus.FAILURE],
    cursor: "42",
    bulk: "",
  });
  expect(readRunsView(parseSearch("?where=a=1+or+b=2&tag=c:3")).where).toBe("(a=1 or b=2) and c=3");
});

it("writes short addresses", () => {
  expect(paths.runs()).toBe("/runs");
  expect(paths.runs({ where: "team=etl and env=dev", statuses: [RunStatus.FAILURE] })).toBe("/runs?where=team=etl+and+env=dev&status=FAILURE");
  expect(paths.job({ location: "local", repository: "my-repo", job: "a" })).toBe("/jobs/local/my-repo/a");
  expect(paths.jobRuns({ location: "l", repository: "r", job: "j" }, allRuns)).toBe("/jobs/l/r/j/runs");
  expect(paths.jobs({ where: "meta:owner=etl" })).toBe("/jobs?where=meta:owner=etl");
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
  expect(isFiltered({ ...allRuns, cursor: "9", bulk: "1" })).toBe(false);
  for (const some of [{ where: "a" }, { statuses: [RunStatus.QUEUED] }]) expect(isFiltered({ ...allRuns, ...some })).toBe(true);
});

it("adds a term, keeps the rest, starts from the newest", () => {
  const view = { ...allRuns, where: "a=1", statuses: [RunStatus.FAILURE], cursor: "9" };
  expect(withWhere(view, "b=2")).toEqual({ ...view, where: "a=1 and b=2", cursor: "" });
  expect(withWhere(view, "a=1").where).toBe("a=1");
});
