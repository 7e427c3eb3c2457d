import { Failure } from "@/domain/host/failure";
import { paths, runsWithTag } from "@/domain/paths";
import { tagTerm } from "@/domain/selector/selector-text";
import { childTag, lineageOf } from "@/domain/run/lineage";
import { retryDueLook } from "@/domain/run/retry-due";
import { shortRunId } from "@/domain/run/run-id";
import { RunLink } from "@/domain/run/run-link";
import { useRuns } from "@/domain/run/run-list";
import { RunStatusBadge } from "@/domain/run/run-status-badge";
import { runStatusData } from "@/domain/run/run-status";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { instantMs } from "@/lib/instant";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { Note, Section, Subtitle } from "@/ui/panel";
import { Facts } from "@/ui/table";
import { Ago } from "@/ui/time";
import styles from "./run.module.css";

const mostChildren = 20;

/** What a run was executed again from, and what was executed again from it; nothing for a run that stands alone and goes on. */
export function LineageSection({ run }: { run: Run }) {
  const lineage = lineageOf(run);
  const { final } = runStatusData(run.status);
  if (lineage === undefined && !final) return null;
  return (
    <Section title="Retries and re-executions" actions={run.retryDue ? <Badge look={retryDueLook} /> : undefined}>
      {lineage !== undefined && (
        <Facts
          facts={[
            ["This is", lineage.label],
            ["Parent", <RunLink key="parent" id={lineage.parent} />],
            ["First run", lineage.root === lineage.parent ? undefined : <RunLink id={lineage.root} />],
          ]}
        />
      )}
      {final && <Children run={run} alone={lineage === undefined} />}
    </Section>
  );
}

// Only a run that is final has children; so long there is no need to watch for them.
function Children({ run, alone }: { run: Run; alone: boolean }) {
  const { data, error, refetch } = useRuns({ where: tagTerm(childTag(run.id)), job: "", statuses: [] }, mostChildren, "");
  if (error !== null && data === undefined) return <Failure doing="list what was executed again from it" error={error} retry={() => void refetch()} />;
  if (data === undefined) return null;
  if (data.runs.length === 0) return alone ? <Note>{run.retryDue ? "An automatic retry is due; it will be listed here." : "It was not executed again."}</Note> : null;
  return (
    <>
      <Subtitle>Executed again from it</Subtitle>
      <ul className={styles.children} aria-label="Executed again from it">
        {data.runs.map((child) => {
          const created = instantMs(child.createdAt);
          return (
            <li key={child.id}>
              <Link href={paths.run(child.id)} title={child.id}>
                <code>{shortRunId(child.id)}</code>
              </Link>
              <RunStatusBadge status={child.status} />
              <span className={styles.origin}>
                {lineageOf(child)?.label} {created !== undefined && <Ago ms={created} />}
              </span>
            </li>
          );
        })}
      </ul>
      {data.nextCursor !== "" && <Link href={paths.runs(runsWithTag(childTag(run.id)))}>All of them</Link>}
    </>
  );
}
