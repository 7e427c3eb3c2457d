import { useNavigate } from "@tanstack/react-router";
import { useSearchParams } from "@/lib/search";
import { plural } from "@/lib/plural";
import { Failure } from "@/domain/host/failure";
import { jobLines, useJobList } from "@/domain/job/job-list";
import { useLocations } from "@/domain/location/location-feed";
import { paths } from "@/domain/paths";
import { Button } from "@/ui/button";
import { SearchField } from "@/ui/field";
import { ButtonLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import { JobRows } from "./job-rows";
import styles from "./jobs-page.module.css";

/** All jobs of all locations. */
export function JobsPage() {
  const search = useSearchParams();
  const text = search.search?.[0] ?? "";
  const navigate = useNavigate();
  const jobs = useJobList(text);
  const locations = useLocations();
  const found = jobs.data?.pages.flatMap((page) => page.jobs) ?? [];
  const total = jobs.data?.pages[0]?.total ?? 0;
  const lines = jobLines(found, locations.data?.locations ?? [], text === "");
  const loading = jobs.isPending || locations.isPending;
  return (
    <Page
      name="Jobs"
      title="Jobs"
      actions={
        <div className={styles.search}>
          <SearchField
            aria-label="Search jobs"
            placeholder="Name, description or tag"
            defaultValue={text}
            onChange={(event) => void navigate({ href: paths.jobs(event.target.value), replace: true })}
          />
        </div>
      }
    >
      <div className={styles.stack}>
        {jobs.error !== null && <Failure doing="list jobs" error={jobs.error} retry={() => void jobs.refetch()} />}
        {locations.error !== null && <Failure doing="list code locations" error={locations.error} retry={() => void locations.refetch()} />}
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
      <p>The search looks for the text in names, descriptions and tags.</p>
      <ButtonLink small href={paths.jobs()}>
        Show all jobs
      </ButtonLink>
    </Empty>
  );
}
