import { createConnectQueryKey, useInfiniteQuery } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { Failure } from "@/domain/host/failure";
import { formatJobName } from "@/domain/job/job-name";
import { useJobParams } from "@/domain/job/use-job";
import { useLocations } from "@/domain/location/location-feed";
import { paths, readSnapshotPair } from "@/domain/paths";
import { HistoryService } from "@/gen/penstock/host/v1/history_pb";
import { askAgain } from "@/lib/ask-again";
import { instantMs } from "@/lib/instant";
import { useSearchParams } from "@/lib/search";
import { Button } from "@/ui/button";
import { Note, Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import styles from "./history.module.css";
import { choosePair, pairOf } from "./snapshot-pair";
import { SnapshotDiff } from "./snapshot-diff";
import { SnapshotTable } from "./snapshot-table";

const pageSize = 25;

/** What the job was over time, and what changed between two deploys. */
export function History() {
  const name = useJobParams();
  const navigate = useNavigate();
  const asked = readSnapshotPair(useSearchParams());
  useLateNews(name.location);
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useSnapshots(formatJobName(name));
  const snapshots = useMemo(() => data?.pages.flatMap((page) => page.snapshots) ?? [], [data]);
  const pair = pairOf(snapshots, asked);
  if (isPending) return <Loading what="the job's history" />;
  const one = data !== undefined && snapshots.length === 1;
  return (
    <div className={styles.stack}>
      {error !== null && <Failure doing="load the job's history" error={error} retry={() => void refetch()} />}
      {data !== undefined && snapshots.length === 0 && (
        <Panel padded={false}>
          <Empty title="No snapshot yet">
            <p>The host notes a snapshot of a job when it loads its definition, and another one whenever it changes.</p>
          </Empty>
        </Panel>
      )}
      {snapshots.length > 0 && (
        <Panel title="Snapshots" padded={false}>
          <SnapshotTable
            name={name}
            snapshots={snapshots}
            pair={pair}
            onChoose={(side, index) => void navigate({ href: paths.jobHistory(name, choosePair(snapshots, pair, side, index)), resetScroll: false })}
          />
          {hasNextPage && (
            <div className={styles.more}>
              <Button small disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {isFetchingNextPage ? "Loading…" : "Show older snapshots"}
              </Button>
            </div>
          )}
          {one && (
            <div className={styles.more}>
              <Note>Only one snapshot so far: when a deploy changes the job, its next snapshot is here, and what is different.</Note>
            </div>
          )}
        </Panel>
      )}
      {(snapshots.length > 1 || asked.from !== "") && <SnapshotDiff name={name} pair={asked} />}
    </div>
  );
}

// A deploy is shown before it is stored, and what is stored is the history: it is asked for again a little later.
const laterMs = [1_000, 4_000];

function useLateNews(location: string): void {
  const cache = useQueryClient();
  const { data } = useLocations();
  const loaded = instantMs(data?.locations.find((each) => each.name === location)?.loadedAt);
  useEffect(() => {
    const ask = () => { askAgain(cache, createConnectQueryKey({ schema: HistoryService, cardinality: undefined })); };
    const timers = laterMs.map((ms) => setTimeout(ask, ms));
    return () => { for (const timer of timers) clearTimeout(timer); };
  }, [cache, loaded]);
}

function useSnapshots(job: string) {
  return useInfiniteQuery(HistoryService.method.listJobSnapshots, { job, pageSize, pageCursor: "" }, {
    pageParamKey: "pageCursor",
    getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor),
    staleTime: 30_000,
  });
}
