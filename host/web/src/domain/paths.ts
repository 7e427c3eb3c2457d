import { formatSearch, type SearchParams } from "@/lib/search-params";
import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import type { AutomationNameText } from "./automation/automation-name";
import type { JobNameText } from "./job/job-name";
import { runStatusByName, runStatusData } from "./run/run-status";
import { parseTag, type TagText } from "./run/tag";
import { fieldTerm, tagTerm, withTerm } from "./selector/selector-text";

/** Which runs a page shows; all of it is in the address. */
export interface RunsView {
  /** Selector; empty for all. */
  where: string;
  /** One of these; none for all. */
  statuses: RunStatus[];
  /** Cursor of an older page; empty for the newest runs. */
  cursor: string;
  /** Bulk action whose progress is shown; empty for none. */
  bulk: string;
}

/** All runs, newest first. */
export const allRuns: RunsView = { where: "", statuses: [], cursor: "", bulk: "" };

/** The runs that a selector selects, newest first. */
export function runsWhere(where: string): RunsView {
  return { ...allRuns, where };
}

/** The runs with a tag. */
export function runsWithTag(tag: TagText): RunsView {
  return runsWhere(tagTerm(tag));
}

/** Which jobs the list shows. */
export interface JobsView {
  /** Words in names, descriptions or tags; empty for all. */
  search: string;
  /** Selector; empty for all. */
  where: string;
}

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

/** Which schedules and sensors the list shows. */
export interface AutomationsView {
  /** Words in names, jobs or descriptions; empty for all. */
  search: string;
  /** Only those of a kind; empty for both. */
  kind: "" | "schedule" | "sensor";
}

/** What is shown of a schedule or sensor. */
export interface AutomationView {
  tab: "ticks" | "preview" | "test";
  /** Only ticks with these statuses, by name; none for all. */
  statuses: string[];
  /** Other crons that are previewed; none for those of the definition. */
  crons: string[];
  /** Another zone that is previewed; empty for that of the definition. */
  zone: string;
  /** The instant that is tested, as ISO 8601; empty for the next one. */
  at: string;
}

/** What is shown and selected of a job's partitions. */
export interface PartitionsView {
  /** Only keys that begin with it. */
  prefix: string;
  /** The newest or last first, as it is unless asked otherwise. */
  newestFirst: boolean;
  /** Of two dimensions, the one key of the second that is shown; empty for all, side by side. */
  second: string;
  /** Selected ranges of keys, "from..to" each, the older end first. */
  selected: string[];
}

/** Which backfills a page shows. */
export interface BackfillsView {
  /** Only those of a job: location/repository/job; empty for all. */
  job: string;
}

/** What is shown of a backfill. */
export interface BackfillView {
  /** Only partitions that stand like that; empty for all. */
  shown: "" | "open" | "failed" | "done";
}

function automationPath({ location, repository, name }: AutomationNameText): string {
  return `/automation/${encodeURIComponent(location)}/${encodeURIComponent(repository)}/${encodeURIComponent(name)}`;
}

function jobPath({ location, repository, job }: JobNameText): string {
  return `/jobs/${encodeURIComponent(location)}/${encodeURIComponent(repository)}/${encodeURIComponent(job)}`;
}

function runsQuery(view: Partial<RunsView>): string {
  return formatSearch({
    where: orNothing(view.where),
    status: view.statuses?.map((status) => runStatusData(status).name),
    cursor: orNothing(view.cursor),
    bulk: orNothing(view.bulk),
  });
}

function orNothing(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** Builds every address of the UI. */
export const paths = {
  jobs: (view: Partial<JobsView> = {}) => `/jobs${formatSearch({ search: orNothing(view.search), where: orNothing(view.where) })}`,
  job: (name: JobNameText, view: Partial<JobView> = {}) =>
    jobPath(name) + formatSearch({ graph: orNothing(view.graph), node: orNothing(view.node), select: orNothing(view.select) }),
  launchpad: (name: JobNameText, ops = "", partition = "") => `${jobPath(name)}/launchpad${formatSearch({ ops: orNothing(ops), partition: orNothing(partition) })}`,
  /** The Launchpad with what a run was launched with, to execute it again; ops is the name of a way to choose which. */
  reexecute: (name: JobNameText, run: string, ops?: string) => `${jobPath(name)}/launchpad${formatSearch({ reexecute: run, again: ops })}`,
  jobRuns: (name: JobNameText, view: Partial<RunsView> = {}) => `${jobPath(name)}/runs${runsQuery(view)}`,
  jobHistory: (name: JobNameText, pair: Partial<SnapshotPair> = {}) =>
    `${jobPath(name)}/history${formatSearch({ from: orNothing(pair.from), to: orNothing(pair.to) })}`,
  runs: (view: Partial<RunsView> = {}) => `/runs${runsQuery(view)}`,
  run: (id: string, { op, ops, graph, said }: Partial<RunView> = {}) =>
    `/runs/${encodeURIComponent(id)}${formatSearch({ op: orNothing(op), ops: ops === "graph" ? ops : undefined, graph: orNothing(graph), said: said === "output" ? said : undefined })}`,
  bulks: () => "/runs/bulk",
  jobPartitions: (name: JobNameText, { prefix, newestFirst, second, selected }: Partial<PartitionsView> = {}) =>
    `${jobPath(name)}/partitions${formatSearch({ prefix: orNothing(prefix), order: newestFirst === false ? "oldest" : undefined, second: orNothing(second), select: selected })}`,
  automations: ({ search, kind }: Partial<AutomationsView> = {}) => `/automation${formatSearch({ search: orNothing(search), kind: orNothing(kind) })}`,
  automation: (name: AutomationNameText, { tab, statuses, crons, zone, at }: Partial<AutomationView> = {}) =>
    automationPath(name) + formatSearch({ tab: tab === "ticks" ? undefined : tab, status: statuses, cron: crons, zone: orNothing(zone), at: orNothing(at) }),
  backfills: ({ job }: Partial<BackfillsView> = {}) => `/backfills${formatSearch({ job: orNothing(job) })}`,
  backfill: (id: string, { shown }: Partial<BackfillView> = {}) => `/backfills/${encodeURIComponent(id)}${formatSearch({ shown: orNothing(shown) })}`,
  deployment: () => "/deployment",
  alerts: () => "/deployment#alerts",
  location: (name: string) => `/deployment#${encodeURIComponent(name)}`,
};

/** Reads the query of a page of runs; what makes no sense is left out. Addresses from before there were selectors stay good. */
export function readRunsView(search: SearchParams): RunsView {
  const terms = [
    ...(search.tag ?? []).map(parseTag).filter((tag) => tag !== undefined).map(tagTerm),
    ...named.flatMap(([param, field]) => (search[param] ?? []).slice(0, 1).filter((text) => text !== "").map((text) => fieldTerm(field, text))),
  ];
  return {
    where: terms.reduce(withTerm, search.where?.[0]?.trim() ?? ""),
    statuses: (search.status ?? []).map(runStatusByName).filter((status) => status !== undefined),
    cursor: search.cursor?.[0] ?? "",
    bulk: search.bulk?.[0] ?? "",
  };
}

// Parameters of earlier addresses, with the fields that they became.
const named = [
  ["job", "job"],
  ["code_version", "version"],
  ["snapshot", "snapshot"],
  ["location", "location"],
] as const;

/** Reads the query of the list of jobs. */
export function readJobsView(search: SearchParams): JobsView {
  return { search: search.search?.[0] ?? "", where: search.where?.[0]?.trim() ?? "" };
}

/** Reads the query of a job's history. */
export function readSnapshotPair(search: SearchParams): SnapshotPair {
  return { from: search.from?.[0] ?? "", to: search.to?.[0] ?? "" };
}

/** Whether the view leaves any run out. */
export function isFiltered({ where, statuses }: RunsView): boolean {
  return where !== "" || statuses.length > 0;
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

/** Reads the query of the list of schedules and sensors. */
export function readAutomationsView(search: SearchParams): AutomationsView {
  const kind = search.kind?.[0] ?? "";
  return { search: search.search?.[0] ?? "", kind: kind === "schedule" || kind === "sensor" ? kind : "" };
}

/** Reads the query of a schedule's or sensor's page. */
export function readAutomationView(search: SearchParams): AutomationView {
  const tab = search.tab?.[0] ?? "";
  return {
    tab: tab === "preview" || tab === "test" ? tab : "ticks",
    statuses: search.status ?? [],
    crons: search.cron ?? [],
    zone: search.zone?.[0] ?? "",
    at: search.at?.[0] ?? "",
  };
}

/** Reads the query of a job's partitions. */
export function readPartitionsView(search: SearchParams): PartitionsView {
  return {
    prefix: search.prefix?.[0] ?? "",
    newestFirst: search.order?.[0] !== "oldest",
    second: search.second?.[0] ?? "",
    selected: search.select ?? [],
  };
}

/** Reads the query of the list of backfills. */
export function readBackfillsView(search: SearchParams): BackfillsView {
  return { job: search.job?.[0] ?? "" };
}

/** Reads the query of a backfill's page. */
export function readBackfillView(search: SearchParams): BackfillView {
  const shown = search.shown?.[0] ?? "";
  return { shown: shown === "open" || shown === "failed" || shown === "done" ? shown : "" };
}

/** The view with one more term that must hold, from its newest page; the rest stays. */
export function withWhere(view: RunsView, term: string): RunsView {
  return { ...view, where: withTerm(view.where, term), cursor: "" };
}
