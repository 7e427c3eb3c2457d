import { Code } from "@connectrpc/connect";
import { useParams } from "@tanstack/react-router";
import { backfillStateData, backfillTitle } from "@/domain/backfill/backfill-state";
import { BackfillProgress } from "@/domain/backfill/backfill-progress";
import { useBackfill, useBackfillFeed } from "@/domain/backfill/use-backfills";
import { Failure } from "@/domain/host/failure";
import { jobNameOf } from "@/domain/job/job-name";
import { paths, runsWithTag } from "@/domain/paths";
import type { Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import { inertText } from "@/lib/inert-text";
import { Badge } from "@/ui/badge";
import { CopyButton } from "@/ui/copy-button";
import { ButtonLink, Link } from "@/ui/link";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Callout, Loading } from "@/ui/states";
import { BackfillActions } from "./backfill-actions";
import { BackfillFacts } from "./backfill-facts";
import { BackfillGrid } from "./backfill-grid";
import styles from "./backfill.module.css";

/** A backfill: how far it is, how each partition stands, and what can be done with it. */
export function BackfillPage() {
  const { id = "" } = useParams({ strict: false });
  useBackfillFeed(id);
  const { data, error, refetch } = useBackfill(id);
  const backfill = data?.backfill;
  const title = backfill === undefined ? "Backfill" : inertText(backfillTitle(backfill));
  const job = jobNameOf(backfill?.request?.job ?? "");
  return (
    <Page
      name={title}
      above={
        <>
          <Link href={paths.backfills()}>Backfills</Link>
          {job !== undefined && (
            <>
              {" / "}
              <Link href={paths.jobPartitions(job)}>{job.job}</Link>
            </>
          )}
        </>
      }
      title={
        <>
          {title}
          {backfill !== undefined && <Badge look={backfillStateData(backfill.state)} />}
          <CopyButton text={backfill?.id ?? id} label="Copy the backfill's id" />
        </>
      }
      actions={backfill === undefined ? undefined : <BackfillActions backfill={backfill} />}
    >
      {error !== null && backfill === undefined && (
        <div className={styles.stack}>
          <Failure doing={`${error.code === Code.NotFound ? "find" : "load"} the backfill`} error={error} retry={() => void refetch()} />
          <div>
            <ButtonLink href={paths.backfills()}>Show all backfills</ButtonLink>
          </div>
        </div>
      )}
      {backfill === undefined && error === null && <Loading what="the backfill" />}
      {backfill !== undefined && <Body backfill={backfill} />}
    </Page>
  );
}

function Body({ backfill }: { backfill: Backfill }) {
  const { problem, state } = backfill;
  return (
    <div className={styles.stack}>
      {problem !== "" && <Callout tone={backfillStateData(state).tone === "bad" ? "bad" : "warn"} title={inertText(problem)} live />}
      <div className={styles.split}>
        <div className={styles.panel}>
          <Panel title="Progress" actions={<Link href={paths.runs(runsWithTag({ key: "penstock/backfill", value: backfill.id }))}>Its runs</Link>}>
            <BackfillProgress backfill={backfill} />
          </Panel>
          <BackfillGrid backfill={backfill} />
        </div>
        <BackfillFacts backfill={backfill} />
      </div>
    </div>
  );
}
