import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useRef } from "react";
import { Failure } from "@/domain/host/failure";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { wholeKey } from "@/domain/partition/partition-key";
import type { Span } from "@/domain/partition/picked-rows";
import { usePartitionGrid } from "@/domain/partition/use-partition-grid";
import { inertText } from "@/lib/inert-text";
import { PartitionRow } from "./partition-row";
import styles from "./partitions.module.css";
import { useRowPicking } from "./row-picking";

const rowHeight = 28;

/** Partitions as rows of a grid, of which only those in sight are rendered and asked for: the newest run of each, and how each op went last. */
export function PartitionTable({ name, keys, total, columns, second, spans, onPick, onEnd }: {
  name: JobNameText;
  /** Keys of the rows, in their order. */
  keys: readonly string[];
  /** How many rows there are when all are loaded. */
  total: number;
  /** Keys of the second dimension, side by side; undefined where each row is one partition. */
  columns: readonly string[] | undefined;
  /** The one key of the second dimension that is looked at; empty for none. */
  second: string;
  spans: readonly Span[];
  onPick: (spans: readonly Span[]) => void;
  onEnd: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions are used here only, never memoised
  const virtualizer = useVirtualizer({ count: keys.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 8 });
  const items = virtualizer.getVirtualItems();
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  const rows = keys.map((key) => (columns === undefined ? [wholeKey(key, second)] : columns.map((column) => wholeKey(key, column))));
  const grid = usePartitionGrid(formatJobName(name), rows, from, to, columns !== undefined);
  const picking = useRowPicking(keys.length, spans, onPick, (row) => {
    virtualizer.scrollToIndex(row);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${row}"]`)?.focus());
  });
  const end = useEffectEvent(onEnd);
  useEffect(() => {
    if (to >= keys.length - 1) end();
  }, [to, keys.length]);
  const heads = columns ?? grid.ops;
  return (
    <>
      {grid.error !== null && (
        <div className={styles.message}>
          <Failure doing="ask how they stand" error={grid.error} />
        </div>
      )}
      <div ref={box} className={styles.box} role="grid" aria-label="Partitions" aria-multiselectable aria-rowcount={total + 1} aria-colcount={heads.length + (columns === undefined ? 3 : 1)}>
        <div role="row" className={styles.head} aria-rowindex={1}>
          <span role="columnheader" className={styles.keyHead}>
            Partition
          </span>
          {columns === undefined && (
            <>
              <span role="columnheader" className={styles.newest}>
                Newest run
              </span>
              <span role="columnheader" className={styles.runCount}>
                Runs
              </span>
            </>
          )}
          {heads.map((head) => (
            <span key={head} role="columnheader" className={styles.opHead} title={head}>
              <span>{inertText(head)}</span>
            </span>
          ))}
        </div>
        <div role="rowgroup" className={styles.rows} style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const key = keys[item.index];
            return key === undefined ? null : (
              <PartitionRow
                key={key}
                name={name}
                row={item.index}
                label={key}
                offset={item.start}
                partitions={(rows[item.index] ?? []).map((whole) => ({ whole, status: grid.byKey.get(whole) }))}
                ops={columns === undefined ? grid.ops : undefined}
                picking={picking}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}
