import { useNavigate } from "@tanstack/react-router";
import { useSearchParams } from "@/lib/search";
import { plural } from "@/lib/plural";
import { SelectorSubject } from "@/gen/penstock/host/v1/runfilter_pb";
import { Failure } from "@/domain/host/failure";
import { readHostError } from "@/domain/host/host-error";
import { jobLines, useJobList } from "@/domain/job/job-list";
import { useLocations } from "@/domain/location/location-feed";
import { paths, readJobsView } from "@/domain/paths";
import { SelectorBox } from "@/domain/selector/selector-box";
import { isSelector } from "@/domain/selector/selector-text";
import { Button } from "@/ui/button";
import { ButtonLink, Link } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Callout, Empty, Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import { JobRows } from "./job-rows";
import styles from "./jobs-page.module.css";

/** All jobs of all locations. */
export function JobsPage() {
  const view = readJobsView(useSearchParams());
  const text = view.where === "" ? view.search : view.where;
  const navigate = useNavigate();
  const jobs = useJobList(view);
  const locations = useLocations();
  const found = jobs.data?.pages.flatMap((page) => page.jobs) ?? [];
  const { total, metadataHidden } = jobs.data?.pages[0] ?? { total: 0, metadataHidden: 0 };
  const lines = jobLines(found, locations.data?.locations ?? [], text === "");
  const problem = jobs.error === null ? undefined : readHostError(jobs.error).problems.find((each) => each.column > 0);
  const loading = jobs.isPending || locations.isPending;
  return (
    <Page
      name="Jobs"
      title="Jobs"
      actions={
        <div className={styles.search}>
          <SelectorBox
            label="Find jobs"
            placeholder="Words, or meta:owner=etl and status=failure"
            subject={SelectorSubject.JOBS}
            value={text}
            problem={problem}
            onWords={(search) => void navigate({ href: paths.jobs({ search }), replace: true })}
            onApply={(applied) => void navigate({ href: paths.jobs(isSelector(applied) ? { where: applied } : { search: applied }) })}
          />
        </div>
      }
    >
      <div className={styles.stack}>
        {jobs.error !== null && problem === undefined && <Failure doing="list jobs" error={jobs.error} retry={() => void jobs.refetch()} />}
        {locations.error !== null && <Failure doing="list code locations" error={locations.error} retry={() => void locations.refetch()} />}
        {metadataHidden > 0 && <MetadataHidden jobs={metadataHidden} />}
        {loading && <Loading what="jobs" />}
        {!loading && lines.length === 0 && jobs.error === null && (
          <Panel padded={false}>{text === "" ? <NoLocation /> : <NoMatch text={text} />}</Panel>
        )}
        {lines.length > 0 && (
          <Panel padded={false}>
            <JobRows lines={lines} />
          </Panel>
        )}
        {found.length > 0 && (
          <p className={styles.count}>
            {found.length < total ? `${found.length} of ${plural(total, "job")}` : plural(total, "job")}
            {jobs.hasNextPage && (
              <Button small disabled={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
                Show more
              </Button>
            )}
          </p>
        )}
      </div>
    </Page>
  );
}

// So that what was answered as if there were no metadata is not taken for the truth.
function MetadataHidden({ jobs }: { jobs: number }) {
  return (
    <Callout tone="warn" title={`The metadata of ${plural(jobs, "job")} is not shown`} live>
      <p>
        The selector was answered as if {jobs === 1 ? "it" : "they"} had none. <Link href={paths.deployment()}>Deployment</Link> says of which code locations, and why.
      </p>
    </Callout>
  );
}

function NoLocation() {
  return (
    <Empty title="No code location yet">
      <p>Jobs live in a team&apos;s own binary. Make one with a job in it and run it with a host beside it:</p>
      <CodeBlock label="Commands" text={"penstock new my-jobs\ncd my-jobs && penstock dev -- go run ."} />
      <p>A user-code server that runs already is added when the host starts:</p>
      <CodeBlock label="Command" text="penstock serve --data DIR --location NAME=127.0.0.1:4266" />
    </Empty>
  );
}

function NoMatch({ text }: { text: string }) {
  return (
    <Empty title={`No job matches “${text}”`}>
      <p>Words are looked for in names, descriptions and tags; a selector such as meta:owner=etl selects by what it says.</p>
      <ButtonLink small href={paths.jobs()}>
        Show all jobs
      </ButtonLink>
    </Empty>
  );
}
