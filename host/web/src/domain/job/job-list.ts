import { useInfiniteQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import type { JobsView } from "@/domain/paths";
import { JobService, type JobSummary } from "@/gen/penstock/host/v1/job_pb";
import type { Location } from "@/gen/penstock/host/v1/location_pb";

const pageSize = 1000;

/** Jobs that a selector selects and whose name, description or tags contain a text, page by page. */
export function useJobList({ search, where }: JobsView) {
  return useInfiniteQuery(JobService.method.listJobs, { search, where, pageSize, pageCursor: "" }, {
    pageParamKey: "pageCursor",
    getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor),
    placeholderData: keepPreviousData,
  });
}

/** A line of the list of jobs. */
export type JobLine =
  | { kind: "location"; key: string; location: Location | undefined; name: string }
  | { kind: "repository"; key: string; location: string; name: string; jobs: number }
  | { kind: "job"; key: string; job: JobSummary };

/**
 * Lines in the order of names: each location, its repositories, their jobs. A location without jobs has a line too
 * when all is wanted, so that one that fails is in its place.
 */
export function jobLines(jobs: readonly JobSummary[], locations: readonly Location[], all: boolean): JobLine[] {
  const byLocation = new Map<string, Map<string, JobSummary[]>>();
  if (all) for (const location of locations) byLocation.set(location.name, new Map());
  for (const job of jobs) {
    if (job.name === undefined) continue;
    const repositories = getOrAdd(byLocation, job.name.location, () => new Map<string, JobSummary[]>());
    getOrAdd(repositories, job.name.repository, () => []).push(job);
  }
  const lines: JobLine[] = [];
  for (const name of [...byLocation.keys()].sort()) {
    lines.push({ kind: "location", key: name, name, location: locations.find((location) => location.name === name) });
    for (const [repository, members] of byLocation.get(name) ?? []) {
      lines.push({ kind: "repository", key: `${name}/${repository}`, location: name, name: repository, jobs: members.length });
      for (const job of members) lines.push({ kind: "job", key: `${name}/${repository}/${job.name?.job ?? ""}`, job });
    }
  }
  return lines;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
