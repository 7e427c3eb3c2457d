import { lazy, Suspense, useState } from "react";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { plural } from "@/lib/plural";
import { useValue } from "@/lib/value-store";
import { Checkbox } from "@/ui/field";
import { ButtonLink, Link } from "@/ui/link";
import { Panel } from "@/ui/panel";
import { CodeBlock } from "@/ui/table";
import { Callout, Empty, Loading } from "@/ui/states";
import { BulkList } from "@/domain/bulk/bulk-list";
import { usePicked } from "@/domain/bulk/picked";
import { Failure } from "@/domain/host/failure";
import { readHostError } from "@/domain/host/host-error";
import { allRuns, isFiltered, type RunsView } from "@/domain/paths";
import styles from "./run-browser.module.css";
import { parentColumn, showParentColumn } from "./run-columns";
import { sumCounts, useCountAgain, useNewRuns, useRunCounts } from "./run-counts";
import { RunFilterBar } from "./run-filter-bar";
import { selectionOf, useRunPage, type RunSelection } from "./run-list";
import { RunTable } from "./run-table";

// What most visits do not need is no part of the first page's script.
const BulkBar = lazy(() => import("@/domain/bulk/bulk-bar").then((module) => ({ default: module.BulkBar })));
const WaitingSelected = lazy(() => import("./waiting-selected").then((module) => ({ default: module.WaitingSelected })));

/** Runs with their filter, page by page, and what can be done to many at once. The address holds the view; hrefOf makes it. */
export function RunBrowser({ view, hrefOf, job, firstRun }: {
  view: RunsView;
  hrefOf: (view: RunsView) => string;
  /** Set when only runs of this job are meant. */
  job?: string;
  /** How to make the first run, for the empty state. */
  firstRun: React.ReactNode;
}) {
  const selection = selectionOf(view, job);
  const countAgain = useCountAgain();
  const { data, error, isPending, isPlaceholderData, refetch } = useRunPage(selection, view.cursor, countAgain);
  const counts = useRunCounts(selection);
  const total = counts === undefined ? undefined : sumCounts(counts, view.statuses);
  const picked = usePicked(JSON.stringify(selection));
  const withParent = useValue(parentColumn);
  const some = picked.all || picked.ids.size > 0;
  const [picking, setPicking] = useState(some);
  if (some && !picking) setPicking(true);
  const problem = error === null ? undefined : readHostError(error).problems.find((each) => each.column > 0);
  return (
    <>
      <BulkList shown={view.bulk} hrefOf={(bulk) => hrefOf({ ...view, bulk })} />
      <Panel padded={false}>
        <RunFilterBar view={view} hrefOf={hrefOf} counts={counts} problem={problem} />
        {view.statuses.includes(RunStatus.WAITING_FOR_CODE) && (
          <Suspense>
            <WaitingSelected selection={selection} />
          </Suspense>
        )}
        {view.cursor !== "" && <NewRuns key={JSON.stringify(selection)} selection={selection} href={hrefOf({ ...view, cursor: "" })} />}
        {error !== null && problem === undefined && (
          <div className={styles.message}>
            <Failure doing="list runs" error={error} retry={() => void refetch()} />
          </div>
        )}
        {isPending && <Loading what="runs" />}
        {data !== undefined && (
          <div aria-busy={isPlaceholderData}>
            {data.runs.length > 0 && <RunTable runs={data.runs} view={view} hrefOf={hrefOf} withJob={job === undefined} picked={picked} />}
            {data.runs.length === 0 && data.nextCursor !== "" && <Loading what="the runs that come after them" />}
            {data.runs.length === 0 && data.nextCursor === "" && (view.cursor !== "" ? <NoOlder /> : isFiltered(view) ? <NoMatch view={view} hrefOf={hrefOf} /> : <Empty title="No runs yet">{firstRun}</Empty>)}
            <div className={styles.foot}>
              {data.runs.length > 0 && <Checkbox label="Column with the parent of retries and re-executions" checked={withParent} onChange={showParentColumn} />}
              <Pages view={view} hrefOf={hrefOf} next={data.nextCursor} />
            </div>
            {picking && (
              <Suspense>
                <BulkBar picked={picked} page={data.runs} total={total} selection={selection} hrefOf={(bulk) => hrefOf({ ...view, bulk })} />
              </Suspense>
            )}
          </div>
        )}
      </Panel>
    </>
  );
}

// An older page stays as it is when runs arrive; that there are some is said.
function NewRuns({ selection, href }: { selection: RunSelection; href: string }) {
  const count = useNewRuns(selection);
  return (
    <div role="status" className={styles.arrived}>
      {count > 0 && <Link href={href}>{plural(count, "new run")}</Link>}
    </div>
  );
}

function Pages({ view, hrefOf, next }: { view: RunsView; hrefOf: (view: RunsView) => string; next: string }) {
  if (view.cursor === "" && next === "") return null;
  return (
    <nav className={styles.pages} aria-label="Pages of runs">
      {view.cursor !== "" && (
        <ButtonLink small href={hrefOf({ ...view, cursor: "" })}>
          Newest
        </ButtonLink>
      )}
      {next !== "" && (
        <ButtonLink small href={hrefOf({ ...view, cursor: next })}>
          Older
        </ButtonLink>
      )}
    </nav>
  );
}

function NoOlder() {
  return (
    <div className={styles.message}>
      <Callout tone="info">There are no older runs.</Callout>
    </div>
  );
}

function NoMatch({ view, hrefOf }: { view: RunsView; hrefOf: (view: RunsView) => string }) {
  return (
    <Empty title="No run matches this filter">
      <p>A run is shown when the selector selects it and it has the status of the tab. New runs that match appear by themselves.</p>
      <ButtonLink href={hrefOf({ ...allRuns, bulk: view.bulk })} small>
        Show all runs
      </ButtonLink>
    </Empty>
  );
}

/** The commands that make a run, for empty states. */
export function LaunchHint({ job }: { job: string }) {
  return <CodeBlock label="Command" text={`penstock run launch ${job} --wait`} />;
}
