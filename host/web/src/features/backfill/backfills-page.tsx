import { BackfillTable } from "@/domain/backfill/backfill-table";
import { useBackfillFeed, useBackfills } from "@/domain/backfill/use-backfills";
import { Failure } from "@/domain/host/failure";
import { jobNameOf } from "@/domain/job/job-name";
import { paths, readBackfillsView } from "@/domain/paths";
import { useSearchParams } from "@/lib/search";
import { Button } from "@/ui/button";
import { ButtonLink, Link } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Callout, Empty, Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import styles from "./backfill.module.css";

/** All backfills, or those of a job, newest first. */
export function BackfillsPage() {
  const { job } = readBackfillsView(useSearchParams());
  useBackfillFeed();
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useBackfills(job);
  const backfills = data?.pages.flatMap((page) => page.backfills) ?? [];
  return (
    <Page name="Backfills" title="Backfills">
      <div className={styles.stack}>
        {job !== "" && <OfJob job={job} />}
        {error !== null && <Failure doing="list backfills" error={error} retry={() => void refetch()} />}
        {isPending && <Loading what="backfills" />}
        {data !== undefined && (
          <Panel padded={false}>
            {backfills.length === 0 ? <None job={job} /> : <BackfillTable backfills={backfills} withJob={job === ""} />}
            {hasNextPage && (
              <div className={styles.more}>
                <Button small disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  {isFetchingNextPage ? "Loading…" : "Show older backfills"}
                </Button>
              </div>
            )}
          </Panel>
        )}
      </div>
    </Page>
  );
}

function OfJob({ job }: { job: string }) {
  const name = jobNameOf(job);
  return (
    <Callout tone="info">
      <p>
        Only those of {name === undefined ? job : <Link href={paths.jobPartitions(name)}>{job}</Link>}. <Link href={paths.backfills()}>Show all</Link>
      </p>
    </Callout>
  );
}

function None({ job }: { job: string }) {
  const name = jobNameOf(job);
  return (
    <Empty title="No backfill yet">
      <p>A backfill launches a job once for each of many partitions. Select them on the page of a job that has partitions; or from the command line:</p>
      <CodeBlock label="Command" text={`penstock backfill start ${job === "" ? "JOB" : job} --all`} />
      <ButtonLink look="primary" href={name === undefined ? paths.jobs() : paths.jobPartitions(name)}>
        {name === undefined ? "Choose a job" : "Choose partitions"}
      </ButtonLink>
    </Empty>
  );
}
