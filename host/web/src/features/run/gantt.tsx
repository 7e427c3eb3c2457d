import { useMemo } from "react";
import type { EventLogView } from "@/domain/run/event-log";
import { opLook } from "@/domain/run/op-outcome";
import { runStatusData } from "@/domain/run/run-status";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { formatDuration } from "@/lib/duration";
import { useNow } from "@/lib/now";
import { plural } from "@/lib/plural";
import { StateIcon, toneColor } from "@/ui/badge";
import { classNames } from "@/ui/class-names";
import { Panel } from "@/ui/panel";
import { Empty } from "@/ui/states";
import { ganttRows, segments, ticks, type GanttRow, type Segment } from "./gantt-rows";
import styles from "./gantt.module.css";

/** The run's ops over time. An op's name shows only its events. */
export function Gantt({ run, view, chosen, onChoose }: { run: Run; view: EventLogView; chosen: string; onChoose: (op: string) => void }) {
  const over = runStatusData(run.status).final;
  const now = useNow(!over);
  const rows = useMemo(() => ganttRows(run.opPaths, view.bars), [run.opPaths, view.bars]);
  const from = view.first;
  const to = from === undefined ? undefined : Math.max(over ? (view.last ?? from) : Math.max(now, view.last ?? from), from + 1);
  const done = rows.filter((row) => row.bar?.outcome !== undefined).length;
  return (
    <Panel title="Ops" padded={false} actions={<span className={styles.count}>{done} of {plural(rows.length, "op")} ended</span>}>
      {rows.length === 0 && <Empty title="No ops yet" />}
      {rows.length > 0 && (
        <div className={styles.chart} role="table" aria-label="Ops over time">
          {from !== undefined && to !== undefined && <Scale span={to - from} />}
          {rows.map((row) => (
            <Row key={row.path} row={row} from={from} to={to} over={over} chosen={row.path === chosen} onChoose={onChoose} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function Scale({ span }: { span: number }) {
  return (
    <div className={styles.row} aria-hidden>
      <span />
      <span className={styles.scale}>
        {ticks(span).map((tick) => (
          <span key={tick} style={{ left: `${(100 * tick) / span}%` }}>
            {formatDuration(tick)}
          </span>
        ))}
      </span>
      <span />
    </div>
  );
}

function Row({ row, from, to, over, chosen, onChoose }: {
  row: GanttRow;
  from: number | undefined;
  to: number | undefined;
  over: boolean;
  chosen: boolean;
  onChoose: (op: string) => void;
}) {
  const { path, bar } = row;
  const look = opLook(bar, over);
  const end = bar?.endedMs ?? to;
  const duration = bar?.startedMs === undefined || end === undefined ? "" : formatDuration(end - bar.startedMs);
  const again = bar?.againMs === undefined || over ? "" : `, in ${formatDuration(bar.againMs - (end ?? bar.againMs))}`;
  const tries = (bar?.attempts.length ?? 0) > 1 ? `, attempt ${bar?.attempts.length}` : "";
  return (
    <div className={styles.row} role="row">
      <span role="rowheader" className={styles.nameCell}>
        <button type="button" className={classNames(styles.name, chosen && styles.chosen)} aria-pressed={chosen} aria-label={`${path}: ${look.label}${tries}`} title={`${path}: ${look.label}${tries}${again}. Click to see only its events`} onClick={() => { onChoose(path); }}>
          <span style={{ display: "contents", color: toneColor(look.tone) }}>
            <StateIcon look={look} />
          </span>
          <span className={styles.path}>{path}</span>
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
              ...(!segment.waits && { background: `color-mix(in oklab, ${toneColor(segment.failed ? "bad" : look.tone)} 78%, var(--surface))` }),
            }}
            title={segmentTitle(segment, look.label)}
          />
        ))}
      </span>
      <span className={styles.duration} role="cell">
        {duration === "" ? look.label : duration}
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
