import { useMutation } from "@connectrpc/connect-query";
import { Ban } from "lucide-react";
import { BulkService, type Bulk } from "@/gen/penstock/host/v1/bulk_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Failure } from "@/domain/host/failure";
import { paths } from "@/domain/paths";
import { shortRunId } from "@/domain/run/run-id";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ButtonLink, Link } from "@/ui/link";
import { ProgressBar } from "@/ui/progress-bar";
import { Elapsed } from "@/ui/time";
import { describeBulk, goesOn, lookedAt, outcomeOf, viewOf } from "./bulk-action";
import { bulkLook } from "./bulk-look";
import styles from "./bulk-progress.module.css";
import { useBulk } from "./use-bulk";
import { WhichRuns } from "./which-runs";

/** How far an action on many runs is, or how it ended: counts, errors with links to the runs, and a way to stop it. */
export function BulkProgress({ id, dismissHref, onDismiss }: {
  id: string;
  /** The address without it; undefined when it is not in the address. */
  dismissHref: string | undefined;
  onDismiss: () => void;
}) {
  const { bulk, error } = useBulk(id);
  const dismiss = dismissHref === undefined ? <Button small onClick={onDismiss}>Dismiss</Button> : <ButtonLink small href={dismissHref} onClick={onDismiss}>Dismiss</ButtonLink>;
  if (bulk === undefined) {
    return error === null ? null : (
      <section className={styles.box} aria-label="Action on many runs">
        <Failure doing="follow this action" error={error} />
        <div>{dismiss}</div>
      </section>
    );
  }
  const looked = Number(lookedAt(bulk));
  const selected = Number(bulk.selected);
  const created = instantMs(bulk.createdAt);
  const over = !goesOn(bulk);
  return (
    <section className={styles.box} aria-label={describeBulk(bulk)}>
      <div className={styles.head}>
        <span role="status">
          <Badge look={bulkLook(bulk)} />
        </span>
        <strong>{inertText(describeBulk(bulk))}</strong>
        <span className={styles.who}>
          {bulk.by !== "" && `by ${inertText(bulk.by)}`}
          {created !== undefined && (
            <>
              {over ? ", took " : ", for "}
              <Elapsed from={created} to={over ? instantMs(bulk.endedAt) : undefined} />
            </>
          )}
        </span>
        <span className={styles.actions}>{over ? dismiss : <StopButton id={id} />}</span>
      </div>
      {!over && <ProgressBar part={selected === 0 ? undefined : Math.min(looked / selected, 1)} label={`Progress: ${describeBulk(bulk)}`} />}
      <div className={styles.counts}>
        <p>{outcomeOf(bulk)}</p>
        {bulk.action?.runIds.length === 0 && <WhichRuns selection={{ ...viewOf(bulk), job: "" }} />}
      </div>
      {bulk.error !== "" && <p className={styles.error}>{inertText(bulk.error)}</p>}
      {bulk.failures.length > 0 && <Failures bulk={bulk} />}
    </section>
  );
}

function Failures({ bulk }: { bulk: Bulk }) {
  const more = Number(bulk.failed) - bulk.failures.length;
  return (
    <details>
      <summary>{plural(Number(bulk.failed), "run")} refused</summary>
      <ul className={styles.failures} aria-label="Runs that refused">
        {bulk.failures.map(({ runId, message }) => (
          <li key={runId}>
            <Link href={paths.run(runId)} title={runId}>
              <code>{shortRunId(runId)}</code>
            </Link>{" "}
            {inertText(message)}
          </li>
        ))}
        {more > 0 && <li>and {more.toLocaleString("en")} more</li>}
      </ul>
    </details>
  );
}

function StopButton({ id }: { id: string }) {
  const stop = useMutation(BulkService.method.stopBulk);
  return (
    <>
      {stop.error !== null && <Failure doing="stop it" error={stop.error} />}
      <Button small icon={<Ban size={12} aria-hidden />} disabled={stop.isPending} title="Runs that it has changed already stay changed" onClick={() => { stop.mutate({ id }); }}>
        Stop
      </Button>
    </>
  );
}
