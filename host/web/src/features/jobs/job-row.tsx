import { CircleX } from "lucide-react";
import type { JobAutomation } from "@/domain/automation/next-by-job";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { featureStateData } from "@/domain/metadata/feature-state";
import { paths, runsWithTag } from "@/domain/paths";
import { TagChip } from "@/domain/run/tag-chip";
import type { JobSummary } from "@/gen/penstock/host/v1/job_pb";
import { StateIcon, toneColor } from "@/ui/badge";
import { Link } from "@/ui/link";
import styles from "./job-rows.module.css";
import { LatestRuns } from "./latest-runs";
import { NextMark } from "./next-mark";

/** A job's line. */
export function JobRow({ job, automation }: { job: JobSummary; automation: JobAutomation | undefined }) {
  if (job.name === undefined) return null;
  const metadata = featureStateData(job.metadataState);
  return (
    <div className={styles.job}>
      <div className={styles.name}>
        <Link href={paths.job(job.name)}>{job.name.job}</Link>
        {job.summary !== "" && <p className={styles.summary}>{inertText(job.summary)}</p>}
        {job.error !== "" && (
          <p className={styles.error}>
            <CircleX size={13} aria-label="Error" />
            {job.error}
          </p>
        )}
      </div>
      <ul className={styles.tags} aria-label="Tags that every run gets">
        {job.tags.map((tag) => (
          <li key={tag.key}>
            <TagChip tag={tag} href={paths.runs(runsWithTag(tag))} note="Click to see the runs with this tag" />
          </li>
        ))}
      </ul>
      <span className={styles.meta}>
        <span className={styles.mark} title={metadata.title}>
          <span style={{ display: "contents", color: toneColor(metadata.tone) }}>
            <StateIcon look={metadata} size={12} />
          </span>
          {metadata.mark}
        </span>
      </span>
      <span className={styles.meta}>{plural(job.ops, "op")}</span>
      <span className={styles.meta}>
        <NextMark automation={automation} />
      </span>
      <LatestRuns name={job.name} />
    </div>
  );
}
