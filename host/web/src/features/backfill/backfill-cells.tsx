import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useRef } from "react";
import { runlessLook } from "@/domain/backfill/backfill-counts";
import { paths } from "@/domain/paths";
import { runStatusData } from "@/domain/run/run-status";
import type { BackfillPartition } from "@/gen/penstock/host/v1/backfill_pb";
import { useElementWidth } from "@/lib/element-width";
import { inertText } from "@/lib/inert-text";
import { StateIcon, toneColor } from "@/ui/badge";
import { classNames } from "@/ui/class-names";
import { Link } from "@/ui/link";
import styles from "./backfill.module.css";

const lineHeight = 28;
const cellWidth = 160;

/** Partitions as cells, side by side; only lines in sight are rendered. Each leads to its run. */
export function BackfillCells({ partitions, onEnd }: {
  partitions: readonly BackfillPartition[];
  /** Called when the last line comes into sight. */
  onEnd: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const columns = Math.max(1, Math.floor(useElementWidth(box) / cellWidth));
  const lines = Math.ceil(partitions.length / columns);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only, never memoised
  const virtualizer = useVirtualizer({ count: lines, getScrollElement: () => box.current, estimateSize: () => lineHeight, overscan: 10 });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const end = useEffectEvent(onEnd);
  useEffect(() => {
    if (last >= lines - 1) end();
  }, [last, lines]);
  return (
    <div ref={box} className={styles.box} role="list" aria-label="Partitions" tabIndex={0}>
      <div className={styles.grid} role="presentation" style={{ height: virtualizer.getTotalSize() }}>
        {items.map((line) => (
          <div key={line.key} className={styles.line} role="presentation" style={{ "--columns": columns, transform: `translateY(${line.start}px)` } as React.CSSProperties}>
            {partitions.slice(line.index * columns, (line.index + 1) * columns).map((partition, index) => (
              <div key={partition.key} role="listitem" aria-posinset={line.index * columns + index + 1} aria-setsize={partitions.length}>
                <Cell partition={partition} />
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Cell({ partition: { key, runId, status, error } }: { partition: BackfillPartition }) {
  const look = runId === "" ? runlessLook(error) : runStatusData(status);
  const className = classNames(styles.cell, styles[look.tone]);
  const said = [key, look.label, error].filter((part) => part !== "").join(": ");
  const content = (
    <>
      <span style={{ display: "contents", color: toneColor(look.tone) }}>
        <StateIcon look={look} size={12} />
      </span>
      <span className={styles.key}>{inertText(key)}</span>
      <span className="visually-hidden">, {look.label}{error !== "" && `: ${inertText(error)}`}</span>
    </>
  );
  if (runId === "") {
    return (
      <span className={className} title={said}>
        {content}
      </span>
    );
  }
  return (
    <Link href={paths.run(runId)} className={className} title={said}>
      {content}
    </Link>
  );
}
