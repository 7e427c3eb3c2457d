import type { OpInstance } from "@/domain/run/op-groups";
import { opStateLook } from "@/domain/run/op-outcome";
import { progressPace, progressPart, progressText } from "@/domain/run/op-progress";
import { formatDuration } from "@/lib/duration";
import { StateIcon, toneColor } from "@/ui/badge";
import { classNames } from "@/ui/class-names";
import { ProgressBar } from "@/ui/progress-bar";
import { segments, type Segment } from "./bar-segments";
import { showsProgress } from "./chart-rows";
import type { ChartScale } from "./gantt";
import styles from "./gantt.module.css";

/** An op, or an instance of one: its state, its attempts over time, how far it is. */
export function OpRow({ instance, inside, scale, chosen, onChoose }: {
  instance: OpInstance;
  /** Set for an instance, which stands below its op. */
  inside: boolean;
  scale: ChartScale;
  chosen: boolean;
  onChoose: (op: string) => void;
}) {
  const { path, bar, state } = instance;
  const { from, to, over } = scale;
  const look = opStateLook(state);
  const end = bar?.endedMs ?? to;
  const duration = bar?.startedMs === undefined || end === undefined ? "" : formatDuration(end - bar.startedMs);
  const again = bar?.againMs === undefined || over ? "" : `, in ${formatDuration(bar.againMs - (end ?? bar.againMs))}`;
  const tries = (bar?.attempts.length ?? 0) > 1 ? `, attempt ${bar?.attempts.length}` : "";
  return (
    <>
      <div className={styles.row}>
        <span role="rowheader" className={classNames(styles.nameCell, inside && styles.inside)}>
          <button type="button" className={classNames(styles.name, chosen && styles.chosen)} aria-pressed={chosen} aria-label={`${path}: ${look.label}${tries}`} title={`${path}: ${look.label}${tries}${again}. Click to see only its events`} onClick={() => { onChoose(path); }}>
            <span style={{ display: "contents", color: toneColor(look.tone) }}>
              <StateIcon look={look} />
            </span>
            <span className={styles.path}>{inside ? keysText(path) : path}</span>
          </button>
        </span>
        <span className={styles.lane} role="cell" aria-label={`${look.label}${tries}`}>
          {bar !== undefined && from !== undefined && to !== undefined && segments(bar, to).map((segment) => (
            <span
              key={segment.from}
              className={classNames(styles.bar, segment.waits && styles.waits)}
              style={{
                left: `${(100 * (segment.from - from)) / (to - from)}%`,
                width: `${(100 * Math.max(0, segment.to - segment.from)) / (to - from)}%`,
                ...(!segment.waits && { background: barColor(toneColor(segment.failed ? "bad" : look.tone)) }),
              }}
              title={segmentTitle(segment, look.label)}
            />
          ))}
        </span>
        <span className={styles.duration} role="cell">
          {duration === "" ? look.label : duration}
        </span>
      </div>
      {showsProgress(instance) && <ProgressLine instance={instance} now={scale.now} />}
    </>
  );
}

// Below its op an instance is told by its keys alone, which are the end of a path that may be long.
function keysText(path: string): string {
  return path.match(/\[[^\]]*\]/g)?.join("") ?? path;
}

/** The colour of a bar of the chart. */
export function barColor(color: string): string {
  return `color-mix(in oklab, ${color} 78%, var(--surface))`;
}

function ProgressLine({ instance: { path, bar, state }, now }: { instance: OpInstance; now: number }) {
  const progress = bar?.progress;
  if (progress === undefined) return null;
  const runs = state === "running";
  const pace = runs ? progressPace(progress, now) : "";
  // One that was ended has come so far; nothing goes on.
  const part = progressPart(progress) ?? (runs ? undefined : 0);
  return (
    <div className={styles.second} role="cell">
      <ProgressBar part={part} label={`Progress of ${path}`} tone={opStateLook(state).tone} />
      <span className={styles.secondText}>
        {progressText(progress)}
        {pace !== "" && `, ${pace}`}
      </span>
    </div>
  );
}

function segmentTitle({ attempt, from, to, failed, waits }: Segment, label: string): string {
  const time = formatDuration(to - from);
  if (waits) return `Waits for attempt ${attempt}, ${time}`;
  if (failed) return `Attempt ${attempt} failed, ${time}`;
  return attempt > 1 ? `${label}, attempt ${attempt}, ${time}` : `${label}, ${time}`;
}
