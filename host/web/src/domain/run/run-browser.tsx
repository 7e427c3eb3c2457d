import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { useValue } from "@/lib/value-store";
import { Checkbox } from "@/ui/field";
import { ButtonLink } from "@/ui/link";
import { Panel } from "@/ui/panel";
import { CodeBlock } from "@/ui/table";
import { Callout, Empty, Loading } from "@/ui/states";
import { Failure } from "@/domain/host/failure";
import { allRuns, isFiltered, type RunsView } from "@/domain/paths";
import styles from "./run-browser.module.css";
import { parentColumn, showParentColumn } from "./run-columns";
import { RunFilterBar } from "./run-filter-bar";
import { useRunList } from "./run-list";
import { RunTable } from "./run-table";
import { WaitingJobs } from "./waiting-jobs";
import { useWaitingRuns } from "./waiting-runs";

/** Runs with their filter, page by page. The address holds the view; hrefOf makes it. */
export function RunBrowser({ view, hrefOf, job, firstRun }: {
  view: RunsView;
  hrefOf: (view: RunsView) => string;
  /** Set when only runs of this job are meant. */
  job?: string;
  /** How to make the first run, for the empty state. */
  firstRun: React.ReactNode;
}) {
  const asked = job === undefined ? view : { ...view, job };
  const { data, error, isPending, isPlaceholderData, refetch } = useRunList(asked);
  const filtered = isFiltered(view);
  const withParent = useValue(parentColumn);
  return (
    <Panel padded={false}>
      <RunFilterBar view={view} hrefOf={hrefOf} withJob={job === undefined} />
      {view.statuses.includes(RunStatus.WAITING_FOR_CODE) && <Waiting view={asked} />}
      {error !== null && (
        <div className={styles.message}>
          <Failure doing="list runs" error={error} retry={() => void refetch()} />
        </div>
      )}
      {isPending && <Loading what="runs" />}
      {data !== undefined && (
        <div aria-busy={isPlaceholderData}>
          {data.runs.length > 0 && <RunTable runs={data.runs} view={view} hrefOf={hrefOf} withJob={job === undefined} />}
          {data.runs.length === 0 && (view.cursor !== "" ? <NoOlder /> : filtered ? <NoMatch view={view} hrefOf={hrefOf} /> : <Empty title="No runs yet">{firstRun}</Empty>)}
          <div className={styles.foot}>
            {data.runs.length > 0 && <Checkbox label="Column with the parent of retries and re-executions" checked={withParent} onChange={showParentColumn} />}
            <Pages view={view} hrefOf={hrefOf} next={data.nextCursor} />
          </div>
        </div>
      )}
    </Panel>
  );
}

// Where the filter asks for runs that wait for their code, they can be re-pointed together.
function Waiting({ view }: { view: RunsView }) {
  const waiting = useWaitingRuns({ ...view, statuses: [RunStatus.WAITING_FOR_CODE] });
  return (
    <div className={styles.waiting}>
      <WaitingJobs waiting={waiting} />
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
      <p>A run must have every tag of the filter, one of its statuses, and all else that it names. New runs that match appear by themselves.</p>
      <ButtonLink href={hrefOf(allRuns)} small>
        Show all runs{view.job === "" ? "" : " of all jobs"}
      </ButtonLink>
    </Empty>
  );
}

/** The commands that make a run, for empty states. */
export function LaunchHint({ job }: { job: string }) {
  return <CodeBlock label="Command" text={`penstock run launch ${job} --wait`} />;
}
