import { useInfiniteQuery } from "@connectrpc/connect-query";
import { runlessLook } from "@/domain/backfill/backfill-counts";
import { Failure } from "@/domain/host/failure";
import { paths, readBackfillView, type BackfillView } from "@/domain/paths";
import { runStatusData } from "@/domain/run/run-status";
import { BackfillService, type Backfill, type BackfillPartition } from "@/gen/penstock/host/v1/backfill_pb";
import { plural } from "@/lib/plural";
import { useSearchParams } from "@/lib/search";
import { Button } from "@/ui/button";
import { ButtonLink } from "@/ui/link";
import { Panel } from "@/ui/panel";
import { Segments } from "@/ui/segments";
import { Empty, Loading } from "@/ui/states";
import { BackfillCells } from "./backfill-cells";
import styles from "./backfill.module.css";

const pageSize = 1_000;

const choices: { shown: BackfillView["shown"]; label: string }[] = [
  { shown: "", label: "All" },
  { shown: "open", label: "Open" },
  { shown: "failed", label: "Failed" },
  { shown: "done", label: "Done" },
];

/** Each partition of a backfill, in the order in which they are launched, with how its newest run stands. */
export function BackfillGrid({ backfill }: { backfill: Backfill }) {
  const { shown } = readBackfillView(useSearchParams());
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    BackfillService.method.listBackfillPartitions,
    { id: backfill.id, pageSize, pageCursor: "" },
    { pageParamKey: "pageCursor", getNextPageParam: (page) => (page.nextCursor === "" ? undefined : page.nextCursor), staleTime: Infinity },
  );
  const loaded = data?.pages.flatMap((page) => page.partitions) ?? [];
  const found = loaded.filter((partition) => shown === "" || kindOf(partition) === shown);
  return (
    <Panel
      title="Partitions"
      padded={false}
      actions={<Segments label="Partitions by status" segments={choices.map(({ shown: each, label }) => ({ href: paths.backfill(backfill.id, { shown: each }), label, current: each === shown }))} />}
    >
      {error !== null && <Failure doing="list its partitions" error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading what="partitions" />}
      {found.length > 0 && <BackfillCells partitions={found} onEnd={() => { if (hasNextPage && !isFetchingNextPage) void fetchNextPage(); }} />}
      {data !== undefined && found.length === 0 && !hasNextPage && (
        <Empty title={shown === "" ? "It has no partition" : "No partition stands like that"}>
          {shown !== "" && (
            <ButtonLink small href={paths.backfill(backfill.id)}>
              Show all partitions
            </ButtonLink>
          )}
        </Empty>
      )}
      {hasNextPage && (
        <div className={styles.more}>
          <Button small disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? "Loading…" : `Load more: ${plural(loaded.length, "partition")} of ${backfill.partitions.toLocaleString("en")} looked at`}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function kindOf({ runId, status, error }: BackfillPartition): BackfillView["shown"] {
  if (runId === "") return runlessLook(error).tone === "bad" ? "failed" : "open";
  const look = runStatusData(status);
  if (!look.final) return "open";
  return look.tone === "good" ? "done" : "failed";
}
