import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { writerText, type CapturedLine } from "@/domain/run/captured-log";
import { formatClock } from "@/lib/instant";
import { classNames } from "@/ui/class-names";
import styles from "./output-lines.module.css";

const lineHeight = 18;

/** Lines of output; only those in sight are rendered. */
export function OutputLines({ lines, withOps, following, onLeaveEnd }: {
  lines: readonly CapturedLine[];
  /** Says of each line which op wrote it. */
  withOps: boolean;
  following: boolean;
  onLeaveEnd: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only, never memoised
  const virtualizer = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => lineHeight, overscan: 30 });
  useEffect(() => {
    if (following) virtualizer.scrollToIndex(lines.length - 1);
  }, [following, lines, virtualizer]);
  return (
    <div ref={box} className={styles.box} tabIndex={0} role="region" aria-label="Lines of output" onWheel={(event) => { if (event.deltaY < 0 && following) onLeaveEnd(); }}>
      <ol className={styles.lines} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const line = lines[item.index];
          return line === undefined ? null : (
            <li key={item.key} className={classNames(styles.line, line.kind === "note" && styles.note, line.kind === "text" && line.stream === "stderr" && styles.stderr)} style={{ transform: `translateY(${item.start}px)` }} aria-posinset={item.index + 1} aria-setsize={lines.length}>
              <Line line={line} withOp={withOps} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Line({ line, withOp }: { line: CapturedLine; withOp: boolean }) {
  if (line.kind === "note") return <span className={styles.text}>{line.text}</span>;
  const candidates = line.opPath === "" && line.candidates.length > 0 ? `It may be of ${line.candidates.join(", ")}` : undefined;
  return (
    <>
      <span className={styles.time}>{line.ms === undefined ? "–" : formatClock(line.ms)}</span>
      <span className={styles.stream}>{line.stream === "stderr" ? "err" : "out"}</span>
      {withOp && (
        <span className={classNames(styles.op, line.opPath === "" && styles.guess)} title={candidates}>
          {writerText(line)}
        </span>
      )}
      <span className={styles.text}>{line.text}</span>
    </>
  );
}
