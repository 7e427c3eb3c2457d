import type { PreviewBulkResponse } from "@/gen/penstock/host/v1/bulk_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { Failure } from "@/domain/host/failure";
import { formatJobName } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { shortRunId } from "@/domain/run/run-id";
import { RunStatusBadge } from "@/domain/run/run-status-badge";
import { Link } from "@/ui/link";
import { Callout, Loading } from "@/ui/states";
import { bulkWords, type BulkKind } from "./bulk-action";
import styles from "./bulk-dialog.module.css";

/** What an action would do: to how many runs, to which not, and all that is wrong with it. */
export function BulkPreview({ preview, problems, count, busy, error, kind, passedOver }: {
  preview: PreviewBulkResponse | undefined;
  /** What is wrong and is not said elsewhere. */
  problems: readonly Problem[];
  /** To how many it would apply. */
  count: number;
  busy: boolean;
  error: Error | null;
  kind: BulkKind;
  passedOver: string;
}) {
  if (error !== null) return <Failure doing="say what would happen" error={error} />;
  if (preview === undefined) return <Loading what="what would happen" />;
  const over = Number(preview.passedOver);
  const fine = preview.problems.length === 0;
  return (
    <div aria-busy={busy} className={styles.preview}>
      {problems.length > 0 && (
        <Callout tone="bad" title={plural(problems.length, "problem")} live>
          <ul>
            {problems.map((problem, index) => (
              <li key={index}>
                {problem.path !== "" && <code>{inertText(problem.path)}: </code>}
                {inertText(problem.message)}
              </li>
            ))}
          </ul>
        </Callout>
      )}
      {/* Where something is wrong nobody knows what it would apply to. */}
      <p role="status" className={styles.counts}>
        {fine && <strong>{count === 0 ? "It applies to no run" : bulkWords(kind).doing(plural(count, "run"))}.</strong>}
        {!fine && `${plural(Number(preview.selected), "run")} selected. Put right what is wrong to see what would become of them.`}
        {fine && over > 0 && ` Of ${plural(Number(preview.selected), "run")} selected, ${over.toLocaleString("en")} ${over === 1 ? "is" : "are"} passed over: ${passedOver}.`}
      </p>
      {preview.sample.length > 0 && (
        <>
          <p className={styles.sampleTitle}>{preview.sample.length < count ? `The newest ${preview.sample.length} of them` : "These are they"}</p>
          <ul className={styles.sample} aria-label="Runs that it applies to">
            {preview.sample.map((run) => (
              <li key={run.id}>
                <RunStatusBadge status={run.status} />
                <Link href={paths.run(run.id)} title={`${run.id}\nOpens in a new tab`} target="_blank">
                  <code>{shortRunId(run.id)}</code>
                </Link>
                {run.job !== undefined && <span>{formatJobName(run.job)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
