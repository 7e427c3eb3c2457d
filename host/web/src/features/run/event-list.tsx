import { useVirtualizer } from "@tanstack/react-virtual";
import { Bug, CircleX, Info, TriangleAlert, X, type LucideIcon } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { Failure } from "@/domain/host/failure";
import { entryText } from "@/domain/metadata/entry-value";
import type { EventFilter, EventLogView } from "@/domain/run/event-log";
import { levels, type EventRow, type Level } from "@/domain/run/event-row";
import { runStatusData } from "@/domain/run/run-status";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import type { Entry } from "@/gen/penstock/metadata/v1/metadata_pb";
import type { Event } from "@/gen/penstock/worker/v1/worker_pb";
import { formatClock } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class-names";
import { Checkbox, SearchField, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { EventDetails } from "./event-details";
import styles from "./event-list.module.css";

const rowHeight = 24;

/** The run's events, live: filtered, virtual, with details of the one that is chosen. */
export function EventList({ run, view, filter, error, onFilter }: {
  run: Run;
  view: EventLogView;
  filter: EventFilter;
  error: unknown;
  onFilter: (filter: Partial<EventFilter>) => void;
}) {
  const [chosen, setChosen] = useState<EventRow>();
  const [following, setFollowing] = useState(true);
  const [jump, setJump] = useState<number>();
  const over = runStatusData(run.status).final;
  // A run is over before all that it said has come; one that was over when it was opened is read from its beginning.
  const [wasOver] = useState(over);
  // The last events come together with the word that they are the last: they are scrolled to, then following ends.
  const complete = useDeferredValue(view.complete);
  const ends = wasOver || complete;
  const { firstError } = view;
  return (
    <Panel title="Events" padded={false} actions={<span className={styles.count} role="status">{view.count === view.total ? plural(view.total, "event") : `${view.count} of ${plural(view.total, "event")}`}</span>}>
      <div className={styles.tools}>
        <div className={styles.level}>
          <Select aria-label="Level" value={filter.level} onChange={(event) => { onFilter({ level: event.target.value as Level }); }}>
            {levels.map((level) => (
              <option key={level} value={level}>
                {level === "debug" ? "all levels" : level === "error" ? "errors" : `${level} and above`}
              </option>
            ))}
          </Select>
        </div>
        <div className={styles.text}>
          <SearchField aria-label="Text in events" placeholder="Text in events" value={filter.text} onChange={(event) => { onFilter({ text: event.target.value }); }} />
        </div>
        {filter.op !== "" && (
          <Button small onClick={() => { onFilter({ op: "" }); }}>
            op {filter.op} <X size={12} aria-label="Show all ops" />
          </Button>
        )}
        {firstError !== undefined && (
          <Button small onClick={() => { setFollowing(false); setJump(firstError); setChosen(view.rows[firstError]); }}>
            First error
          </Button>
        )}
        {!ends && <Checkbox label="Follow" checked={following} onChange={setFollowing} />}
      </div>
      {error !== undefined && (
        <div className={styles.message}>
          <Failure doing="follow the events; trying again" error={error} />
        </div>
      )}
      {view.total === 0 && !view.complete && error === undefined && (over ? <Loading what="events" /> : <Empty title="No events yet">The run says something when it starts.</Empty>)}
      {view.total === 0 && view.complete && <Empty title="This run has no events" />}
      {view.total > 0 && view.count === 0 && <Empty title="No event passes this filter" />}
      {view.count > 0 && (
        <Rows view={view} chosen={chosen} following={following && !ends} jump={jump} onLeaveEnd={() => { setFollowing(false); }} onChoose={setChosen} />
      )}
      {chosen !== undefined && <EventDetails row={chosen} run={run} onClose={() => { setChosen(undefined); }} />}
    </Panel>
  );
}

function Rows({ view, chosen, following, jump, onLeaveEnd, onChoose }: {
  view: EventLogView;
  chosen: EventRow | undefined;
  following: boolean;
  jump: number | undefined;
  onLeaveEnd: () => void;
  onChoose: (row: EventRow) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only, never memoised
  const virtualizer = useVirtualizer({ count: view.count, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 20 });
  useEffect(() => {
    if (following) virtualizer.scrollToIndex(view.count - 1);
  }, [following, view.count, virtualizer]);
  useEffect(() => {
    if (jump !== undefined) virtualizer.scrollToIndex(jump, { align: "center" });
  }, [jump, virtualizer]);
  return (
    <div ref={box} className={styles.box} tabIndex={0} role="region" aria-label="List of events" onWheel={(event) => { if (event.deltaY < 0 && following) onLeaveEnd(); }}>
      <ol style={{ height: virtualizer.getTotalSize() }} className={styles.rows}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = view.rows[item.index];
          return row === undefined ? null : (
            <li key={item.key} className={styles.item} style={{ transform: `translateY(${item.start}px)` }} aria-posinset={item.index + 1} aria-setsize={view.count}>
              <RowButton row={row} chosen={row === chosen} onChoose={onChoose} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

const levelLooks: Record<Level, { icon: LucideIcon; label: string }> = {
  debug: { icon: Bug, label: "debug" },
  info: { icon: Info, label: "info" },
  warn: { icon: TriangleAlert, label: "warning" },
  error: { icon: CircleX, label: "error" },
};

// What an author attached to a log line, note or output, as far as a line can hold it; the details show it whole.
function attributesText({ stored }: EventRow): string {
  return attached(stored.event?.detail).map((entry) => ` ${entry.key}=${entryText(entry)}`).join("");
}

function attached(detail: Event["detail"] | undefined): Entry[] {
  switch (detail?.case) {
    case "log":
      return detail.value.attributes;
    case "note":
      return detail.value.entries;
    case "output":
      return detail.value.metadata;
    default:
      return [];
  }
}

function RowButton({ row, chosen, onChoose }: { row: EventRow; chosen: boolean; onChoose: (row: EventRow) => void }) {
  const { icon: Icon, label } = levelLooks[row.level];
  const opAttempt = row.stored.event?.opAttempt ?? 0;
  return (
    <button type="button" className={classNames(styles.row, styles[row.level], chosen && styles.chosen)} aria-pressed={chosen} onClick={() => { onChoose(row); }}>
      <span className={styles.time}>{row.ms === undefined ? "–" : formatClock(row.ms)}</span>
      <Icon size={13} aria-label={label} />
      <span className={styles.op} title={row.opPath === "" ? undefined : row.opPath}>
        {row.opPath === "" ? "run" : row.opPath}
        {opAttempt > 1 && <span title={`Attempt ${opAttempt} of the op`}> #{opAttempt}</span>}
      </span>
      <span className={styles.words}>
        {row.message}
        <span className={styles.attributes}>{attributesText(row)}</span>
      </span>
      <span className={styles.kind}>{row.kind}</span>
    </button>
  );
}
