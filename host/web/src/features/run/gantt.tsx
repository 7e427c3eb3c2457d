import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { EventLogView } from "@/domain/run/event-log";
import type { OpGroup } from "@/domain/run/op-groups";
import { formatDuration } from "@/lib/duration";
import { useNow } from "@/lib/now";
import { Empty } from "@/ui/states";
import { ticks } from "./bar-segments";
import { allInstances, chartRows, rowHeight, type ChartRow, type InstanceFilter } from "./chart-rows";
import { FilterRow } from "./filter-row";
import { GroupRow } from "./group-row";
import styles from "./gantt.module.css";
import { OpRow } from "./op-row";

/** What the bars of a chart are drawn to. */
export interface ChartScale {
  /** The first and the last instant of the chart; undefined before anything happened. */
  from: number | undefined;
  to: number | undefined;
  /** Now, or when the run ended. */
  now: number;
  /** The run is final. */
  over: boolean;
}

const highest = 420;

/** The run's ops over time; a mapped op opens to its instances. An op's name shows only its events. */
export function Gantt({ groups, view, over, chosen, onChoose }: {
  groups: readonly OpGroup[];
  view: EventLogView;
  over: boolean;
  chosen: string;
  onChoose: (op: string) => void;
}) {
  const now = useNow(!over);
  const [open, setOpen] = useState<ReadonlyMap<string, InstanceFilter>>(() => new Map());
  const rows = useMemo(() => chartRows(groups, open), [groups, open]);
  const from = view.first;
  const to = from === undefined ? undefined : Math.max(over ? (view.last ?? from) : Math.max(now, view.last ?? from), from + 1);
  const scale: ChartScale = { from, to, now: over ? (view.last ?? now) : now, over };
  const toggle = (path: string) => {
    const next = new Map(open);
    if (!next.delete(path)) next.set(path, allInstances);
    setOpen(next);
  };
  if (rows.length === 0) return <Empty title="No ops yet" />;
  return (
    <div className={styles.chart}>
      {from !== undefined && to !== undefined && <Scale span={to - from} />}
      <Rows
        rows={rows}
        render={(row) => {
          switch (row.kind) {
            case "op":
              return <OpRow instance={row.instance} inside={row.inside} scale={scale} chosen={row.instance.path === chosen} onChoose={onChoose} />;
            case "group":
              return <GroupRow group={row.group} open={row.open} scale={scale} chosen={row.group.path === chosen} onChoose={onChoose} onToggle={() => { toggle(row.group.path); }} />;
            case "filter":
              return <FilterRow group={row.group} filter={row.filter} found={row.found} onFilter={(filter) => { setOpen(new Map(open).set(row.group.path, filter)); }} />;
          }
        }}
      />
    </div>
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

// Ten thousand instances are no more work than those in sight.
function Rows({ rows, render }: { rows: readonly ChartRow[]; render: (row: ChartRow) => ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const heights = useMemo(() => rows.map(rowHeight), [rows]);
  const total = useMemo(() => heights.reduce((sum, height) => sum + height, 0), [heights]);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only, never memoised
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => heights[index] ?? 0,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
  });
  // What a line holds changes its height; the virtualizer keeps what it estimated once.
  const shape = useMemo(() => heights.join(), [heights]);
  useLayoutEffect(() => {
    virtualizer.measure();
  }, [shape, virtualizer]);
  return (
    <div ref={box} className={styles.box} style={{ height: Math.min(total, highest) }} tabIndex={0} role="region" aria-label="List of ops">
      <div role="table" aria-label="Ops over time" aria-rowcount={rows.length} className={styles.rows} style={{ height: total }}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return row === undefined ? null : (
            <div key={row.key} role="row" aria-rowindex={item.index + 1} className={styles.place} style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
              {render(row)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
