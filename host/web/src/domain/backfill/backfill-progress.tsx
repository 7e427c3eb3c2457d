import type { Backfill } from "@/gen/penstock/host/v1/backfill_pb";
import { StateIcon, toneColor } from "@/ui/badge";
import { ShareBar } from "@/ui/progress-bar";
import { backfillCounts } from "./backfill-counts";
import styles from "./backfill-progress.module.css";

/** How the partitions of a backfill stand, as a bar and in words. */
export function BackfillProgress({ backfill }: { backfill: Backfill }) {
  const counts = backfillCounts(backfill);
  return (
    <div className={styles.progress}>
      <ShareBar shares={counts.map(({ key, count, look }) => ({ key, count, tone: look.tone, faint: key === "not launched" }))} />
      <ul className={styles.counts}>
        {counts.map(({ key, count, look }) => (
          <li key={key}>
            <span className={styles.icon} style={{ color: toneColor(look.tone) }}>
              <StateIcon look={look} size={12} />
            </span>
            {count.toLocaleString("en")} {look.label.toLowerCase()}
          </li>
        ))}
      </ul>
    </div>
  );
}
