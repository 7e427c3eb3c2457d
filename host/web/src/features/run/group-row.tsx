import { ChevronDown, ChevronRight } from "lucide-react";
import { countEnded, countsText, instancesText, overallState, type OpGroup } from "@/domain/run/op-groups";
import { opStateLook, opStates } from "@/domain/run/op-outcome";
import { IconButton } from "@/ui/button";
import { StateIcon, toneColor } from "@/ui/badge";
import { classNames } from "@/ui/class-names";
import { ShareBar } from "@/ui/progress-bar";
import type { ChartScale } from "./gantt";
import styles from "./gantt.module.css";
import { barColor } from "./op-row";

/** A mapped op: how many instances it has, and how they stand. */
export function GroupRow({ group, open, scale: { from, to, over }, chosen, onChoose, onToggle }: {
  group: OpGroup;
  open: boolean;
  scale: ChartScale;
  chosen: boolean;
  onChoose: (op: string) => void;
  onToggle: () => void;
}) {
  const look = opStateLook(overallState(group.counts, over));
  const { ended, total } = countEnded(group.counts);
  const instances = instancesText(group, over);
  const shares = opStates.map((state) => ({ key: state, count: group.counts.get(state) ?? 0, tone: opStateLook(state).tone, faint: state === "waiting" || state === "notRun" }));
  const span = from === undefined || to === undefined ? undefined : spanOf(group, to);
  return (
    <>
      <div className={styles.row}>
        <span role="rowheader" className={classNames(styles.nameCell, styles.withToggle)}>
          <IconButton label={open ? `Hide the instances of ${group.path}` : `Show the instances of ${group.path}`} small aria-expanded={open} onClick={onToggle}>
            {open ? <ChevronDown size={13} /> : <ChevronRight size={13} />}
          </IconButton>
          <button type="button" className={classNames(styles.name, chosen && styles.chosen)} aria-pressed={chosen} aria-label={`${group.path}, ${instances}: ${look.label}`} title={`${group.path}, for each item: ${instances}. Click to see only their events`} onClick={() => { onChoose(group.path); }}>
            <span style={{ display: "contents", color: toneColor(look.tone) }}>
              <StateIcon look={look} />
            </span>
            <span className={styles.path}>{group.path}</span>
          </button>
        </span>
        <span className={styles.lane} role="cell" aria-label={look.label}>
          {span !== undefined && from !== undefined && to !== undefined && (
            <span
              className={styles.bar}
              style={{ left: `${(100 * (span.from - from)) / (to - from)}%`, width: `${(100 * (span.to - span.from)) / (to - from)}%`, background: barColor(toneColor(look.tone)) }}
            />
          )}
        </span>
        <span className={styles.duration} role="cell">
          {total === 0 ? look.label : `${ended.toLocaleString("en")} / ${total.toLocaleString("en")}`}
        </span>
      </div>
      <div className={styles.second} role="cell">
        {total > 0 && <ShareBar shares={shares.filter((share) => share.count > 0)} />}
        <span className={styles.secondText}>
          {instances}
          {total > 0 && `: ${countsText(group.counts)}`}
        </span>
      </div>
    </>
  );
}

// From the start of the first instance to the end of the last.
function spanOf({ instances }: OpGroup, now: number): { from: number; to: number } | undefined {
  let span: { from: number; to: number } | undefined;
  for (const { bar } of instances) {
    if (bar?.startedMs === undefined) continue;
    const to = bar.endedMs ?? now;
    span = span === undefined ? { from: bar.startedMs, to } : { from: Math.min(span.from, bar.startedMs), to: Math.max(span.to, to) };
  }
  return span;
}
