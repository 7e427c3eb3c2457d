import { formatSearch, type SearchParams } from "@/lib/search-params";
import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import type { JobNameText } from "./job/job-name";
import { runStatusByName, runStatusData } from "./run/run-status";
import { formatTag, parseTag, type TagText } from "./run/tag";

/** Which runs a page shows; all of it is in the address. */
export interface RunsView {
  tags: TagText[];
  /** Job as typed: "location/repository/job" or an end of it; empty for all. */
  job: string;
  statuses: RunStatus[];
  /** Code version at launch or at the start; empty for all. */
  codeVersion: string;
  /** Id of the job's snapshot at launch or at the start, or a beginning of it; empty for all. */
  snapshot: string;
  /** Code location; empty for all. */
  location: string;
  /** Cursor of an older page; empty for the newest runs. */
  cursor: string;
}

/** All runs, newest first. */
export const allRuns: RunsView = { tags: [], job: "", statuses: [], codeVersion: "", snapshot: "", location: "", cursor: "" };

/** Two snapshots of a job that are compared; empty means what the host takes by itself: the newest, and the one before. */
export interface SnapshotPair {
  from: string;
  to: string;
}

/** What is shown and chosen on a job's overview. */
export interface JobView {
  /** Nested graph that is open, as a dotted path; empty for the job's own. */
  graph: string;
  /** Node that is chosen, as a dotted path; empty for none. */
  node: string;
  /** Op selection that is highlighted; empty for none. */
  select: string;
}

/** What is shown and chosen of a run. */
export interface RunView {
  /** Op whose events and output are meant, as a path, or the path of a graph or of one instance; empty for all. */
  op: string;
  /** How its ops are shown. */
  ops: "timeline" | "graph";
  /** Nested graph that is open, as a dotted path; empty for the job's own. */
  graph: string;
  /** What is shown of what it said: its events, or what was written to stdout and stderr. */
  said: "events" | "output";
}

/** A run's page as it is opened. */
export const runFromStart: RunView = { op: "", ops: "timeline", graph: "", said: "events" };

function jobPath({ location, repository, job }: JobNameText): string {
  return `/jobs/${encodeURIComponent(location)}/${encodeURIComponent(repository)}/${encodeURIComponent(job)}`;
}

function runsQuery(view: Partial<RunsView>): string {
  return formatSearch({
    tag: view.tags?.map(formatTag),
    job: orNothing(view.job),
    status: view.statuses?.map((status) => runStatusData(status).name),
    code_version: orNothing(view.codeVersion),
    snapshot: orNothing(view.snapshot),
    location: orNothing(view.location),
    cursor: orNothing(view.cursor),
  });
}

function orNothing(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** Builds every address of the UI. */
export const paths = {
  jobs: (search = "") => `/jobs${formatSearch({ search: orNothing(search) })}`,
  job: (name: JobNameText, view: Partial<JobView> = {}) =>
    jobPath(name) + formatSearch({ graph: orNothing(view.graph), node: orNothing(view.node), select: orNothing(view.select) }),
  launchpad: (name: JobNameText, ops = "") => `${jobPath(name)}/launchpad${formatSearch({ ops: orNothing(ops) })}`,
  /** The Launchpad with what a run was launched with, to execute it again; ops is the name of a way to choose which. */
  reexecute: (name: JobNameText, run: string, ops?: string) => `${jobPath(name)}/launchpad${formatSearch({ reexecute: run, again: ops })}`,
  jobRuns: (name: JobNameText, view: Partial<RunsView> = {}) => `${jobPath(name)}/runs${runsQuery({ ...view, job: "" })}`,
  jobHistory: (name: JobNameText, pair: Partial<SnapshotPair> = {}) =>
    `${jobPath(name)}/history${formatSearch({ from: orNothing(pair.from), to: orNothing(pair.to) })}`,
  runs: (view: Partial<RunsView> = {}) => `/runs${runsQuery(view)}`,
  run: (id: string, { op, ops, graph, said }: Partial<RunView> = {}) =>
    `/runs/${encodeURIComponent(id)}${formatSearch({ op: orNothing(op), ops: ops === "graph" ? ops : undefined, graph: orNothing(graph), said: said === "output" ? said : undefined })}`,
  deployment: () => "/deployment",
  location: (name: string) => `/deployment#${encodeURIComponent(name)}`,
};

/** Reads the query of a page of runs; what makes no sense is left out. */
export function readRunsView(search: SearchParams): RunsView {
  return {
    tags: (search.tag ?? []).map(parseTag).filter((tag) => tag !== undefined),
    job: search.job?.[0] ?? "",
    statuses: (search.status ?? []).map(runStatusByName).filter((status) => status !== undefined),
    codeVersion: search.code_version?.[0] ?? "",
    snapshot: search.snapshot?.[0] ?? "",
    location: search.location?.[0] ?? "",
    cursor: search.cursor?.[0] ?? "",
  };
}

/** Reads the query of a job's history. */
export function readSnapshotPair(search: SearchParams): SnapshotPair {
  return { from: search.from?.[0] ?? "", to: search.to?.[0] ?? "" };
}

/** Whether the view leaves any run out. */
export function isFiltered({ tags, job, statuses, codeVersion, snapshot, location }: RunsView): boolean {
  return tags.length > 0 || statuses.length > 0 || [job, codeVersion, snapshot, location].some((text) => text !== "");
}

/** Reads the query of a job's overview. */
export function readJobView(search: SearchParams): JobView {
  return { graph: search.graph?.[0] ?? "", node: search.node?.[0] ?? "", select: search.select?.[0] ?? "" };
}

/** Reads the query of a run's page. */
export function readRunView(search: SearchParams): RunView {
  return {
    op: search.op?.[0] ?? "",
    ops: search.ops?.[0] === "graph" ? "graph" : "timeline",
    graph: search.graph?.[0] ?? "",
    said: search.said?.[0] === "output" ? "output" : "events",
  };
}

/** The view with a tag added, from its newest page; other filters stay. */
export function withTag(view: RunsView, tag: TagText): RunsView {
  const others = view.tags.filter((other) => formatTag(other) !== formatTag(tag));
  return { ...view, tags: [...others, { key: tag.key, value: tag.value }], cursor: "" };
}
