import { createConnectQueryKey, useQuery } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { applyRunChanges, type RunChange } from "@/domain/run/run-changes";
import { runStatusData } from "@/domain/run/run-status";
import { useRunWatch } from "@/domain/run/run-watch";
import { shortRunId } from "@/domain/run/run-id";
import { RunService, type ListRunsResponse } from "@/gen/penstock/host/v1/run_pb";
import { StateIcon, toneColor } from "@/ui/badge";
import { askAgain } from "@/lib/ask-again";
import { Link } from "@/ui/link";
import styles from "./job-rows.module.css";

const shown = 5;

const inputOf = (name: JobNameText) => ({ filter: { job: formatJobName(name) }, pageSize: shown });
const keyOf = (name: JobNameText) =>
  createConnectQueryKey({ schema: RunService.method.listRuns, input: inputOf(name), cardinality: "finite" });

/** A job's latest runs, oldest left; the last one in words too. */
export function LatestRuns({ name }: { name: JobNameText }) {
  const { data } = useQuery(RunService.method.listRuns, inputOf(name), { staleTime: Infinity });
  const runs = (data?.runs ?? []).slice(0, shown);
  const [latest] = runs;
  return (
    <span className={styles.runs}>
      {data !== undefined && latest === undefined && <span>no runs</span>}
      {latest !== undefined && <span>{runStatusData(latest.status).label}</span>}
      {runs.toReversed().map((run) => {
        const look = runStatusData(run.status);
        return (
          <Link
            key={run.id}
            href={paths.run(run.id)}
            className={styles.run}
            style={{ color: toneColor(look.tone) }}
            title={`${look.label}: run ${shortRunId(run.id)}`}
            aria-label={`${look.label}: run ${shortRunId(run.id)}`}
          >
            <StateIcon look={look} size={14} />
          </Link>
        );
      })}
    </span>
  );
}

/** Keeps the latest runs of all jobs current while the list is there. */
export function useLatestRunsFeed(): void {
  const cache = useQueryClient();
  const lists = createConnectQueryKey({ schema: RunService.method.listRuns, cardinality: "finite" });
  useRunWatch({
    filter: {},
    onList: () => { askAgain(cache, lists); },
    onChanges: (changes) => {
      for (const [job, ofJob] of byJob(changes)) {
        const key = keyOf(job);
        cache.setQueriesData<ListRunsResponse>({ queryKey: key }, (page) => (page === undefined ? page : applyRunChanges(page, ofJob, true)));
        if (ofJob.some((change) => change.deleted) || cache.isFetching({ queryKey: key }) > 0) askAgain(cache, key);
      }
      // A deletion tells only the id.
      if (changes.some((change) => change.deleted && change.run.job === undefined)) askAgain(cache, lists);
    },
  });
}

function byJob(changes: RunChange[]): Map<JobNameText, RunChange[]> {
  const names = new Map<string, JobNameText>();
  const grouped = new Map<JobNameText, RunChange[]>();
  for (const change of changes) {
    const job = change.run.job;
    if (job === undefined) continue;
    const name = names.get(formatJobName(job)) ?? job;
    names.set(formatJobName(job), name);
    grouped.set(name, [...(grouped.get(name) ?? []), change]);
  }
  return grouped;
}
