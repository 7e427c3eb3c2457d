import { Failure } from "@/domain/host/failure";
import { originText, userFirst } from "@/domain/run/tag";
import { TagChip } from "@/domain/run/tag-chip";
import { runStatusData } from "@/domain/run/run-status";
import type { PreviewBackfillResponse } from "@/gen/penstock/host/v1/backfill_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { Callout, Loading } from "@/ui/states";
import styles from "./partitions.module.css";

/** What a backfill would launch: how many, how they stand now, the tags of the first, and all that is wrong. */
export function BackfillPreview({ preview, error, busy }: { preview: PreviewBackfillResponse | undefined; error: unknown; busy: boolean }) {
  if (error !== null) return <Failure doing="preview the backfill" error={error} />;
  if (preview === undefined) return <Loading what="the preview" />;
  const { partitions, counts, sample, tags, problems } = preview;
  return (
    <div className={styles.preview} aria-busy={busy} role="status">
      <p>
        <strong>{plural(Number(partitions), "partition")}</strong>
        {partitions === 0n && ": there is nothing to launch"}
        {counts.length > 0 && `: ${counts.map(({ status, count }) => `${Number(count).toLocaleString("en")} ${status === RunStatus.UNSPECIFIED ? "without a run" : runStatusData(status).label.toLowerCase()}`).join(", ")}`}
      </p>
      {sample.length > 0 && (
        <p className={styles.keys}>
          {sample.map(inertText).join(", ")}
          {partitions > BigInt(sample.length) && " …"}
        </p>
      )}
      {problems.length > 0 && (
        <Callout tone="bad" title="It cannot be begun like that">
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
      {tags.length > 0 && (
        <div className={styles.tags} role="group" aria-label="Tags of the first run">
          {userFirst(tags).map((tag) => (
            <TagChip key={tag.key} tag={tag} note={originText(tag)} />
          ))}
        </div>
      )}
    </div>
  );
}
