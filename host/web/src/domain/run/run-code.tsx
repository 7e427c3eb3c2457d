import { inertText } from "@/lib/inert-text";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Link } from "@/ui/link";
import { withWhere, type RunsView } from "@/domain/paths";
import { fieldTerm } from "@/domain/selector/selector-text";
import styles from "./run-table.module.css";

// The first digits of a snapshot's id tell those of one job apart.
const shortLength = 8;

/** A snapshot's id, short enough for a table. */
export function shortSnapshot(id: string): string {
  return id.slice(0, shortLength);
}

/** Whether a run was started from other code than it was launched with. */
export function startedElsewhere(run: Pick<Run, "snapshot" | "startedSnapshot" | "codeVersion" | "startedCodeVersion">): boolean {
  const differs = (at: string, started: string) => started !== "" && started !== at;
  return differs(run.snapshot, run.startedSnapshot) || differs(run.codeVersion, run.startedCodeVersion);
}

/** The code of a run, at launch and, when it is another, at the start; each adds itself to the filter. */
export function RunCode({ run, view, hrefOf }: { run: Run; view: RunsView; hrefOf: (view: RunsView) => string }) {
  const versions = distinct(run.codeVersion, run.startedCodeVersion);
  const snapshots = distinct(run.snapshot, run.startedSnapshot);
  return (
    <>
      {versions.length > 0 && (
        <span className={styles.pair}>
          {versions.map((version) => (
            <Link key={version} href={hrefOf(withWhere(view, fieldTerm("version", version)))} title={`${version}\nClick to filter by this code version`}>
              <code>{inertText(version)}</code>
            </Link>
          ))}
        </span>
      )}
      {snapshots.length > 0 && (
        <span className={styles.pair}>
          {snapshots.map((id) => (
            <Link key={id} href={hrefOf(withWhere(view, fieldTerm("snapshot", id)))} title={`Snapshot ${id}\nClick to filter by this snapshot of the job`} className={styles.snapshot}>
              <code>{shortSnapshot(id)}</code>
            </Link>
          ))}
        </span>
      )}
    </>
  );
}

function distinct(...texts: string[]): string[] {
  return [...new Set(texts.filter((text) => text !== ""))];
}
