import { backfillStateData } from "@/domain/backfill/backfill-state";
import { jobNameOf } from "@/domain/job/job-name";
import { selectionText } from "@/domain/partition/selection-text";
import { paths } from "@/domain/paths";
import { TagChip } from "@/domain/run/tag-chip";
import type { Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { CopyText } from "@/ui/copy-button";
import { Link } from "@/ui/link";
import { Note, Panel, Section } from "@/ui/panel";
import { CodeBlock, Facts } from "@/ui/table";
import { Elapsed, Instant } from "@/ui/time";
import styles from "./backfill.module.css";

/** What was asked for, by whom and when. */
export function BackfillFacts({ backfill }: { backfill: Backfill }) {
  const { request, by, createdAt, endedAt, state, partitions } = backfill;
  const job = jobNameOf(request?.job ?? "");
  const created = instantMs(createdAt);
  const ended = instantMs(endedAt);
  return (
    <Panel padded={false}>
      <Section title="Backfill">
        <Facts
          facts={[
            ["Job", job === undefined ? inertText(request?.job ?? "") : <Link href={paths.job(job)}>{request?.job}</Link>],
            ["Selected", request === undefined ? undefined : inertText(selectionText(request.partitions))],
            ["That was", plural(Number(partitions), "partition")],
            ["By", by === "" ? undefined : inertText(by)],
            ["Begun", created === undefined ? undefined : <Instant ms={created} />],
            ["Ended", ended === undefined ? undefined : <Instant ms={ended} />],
            ["Took", created === undefined ? undefined : <Elapsed from={created} to={backfillStateData(state).final ? ended : undefined} />],
            ["At a time", request === undefined || request.maxOpenRuns === 0 ? undefined : plural(request.maxOpenRuns, "run")],
            ["Order", request?.newestFirst === true ? "newest first" : "oldest first"],
            ["Op selection", request === undefined || request.opSelection === "" ? undefined : <code>{inertText(request.opSelection)}</code>],
            ["Id", <CopyText key="id" text={backfill.id} />],
          ]}
        />
      </Section>
      <Section title="Tags that its runs get">
        {(request?.tags ?? []).length === 0 && <Note>None beside those of the job and the partition.</Note>}
        <div className={styles.tags}>
          {(request?.tags ?? []).map((tag) => (
            <TagChip key={tag.key} tag={tag} />
          ))}
        </div>
      </Section>
      <Section title="Config">
        {request === undefined || request.configYaml === "" ? <Note>What the job&apos;s code makes for each partition.</Note> : <CodeBlock label="Text of the config" text={request.configYaml} />}
      </Section>
    </Panel>
  );
}
