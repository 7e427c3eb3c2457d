import { useEffect, useEffectEvent, useState, type KeyboardEvent, type MouseEvent, type PointerEvent } from "react";
import { addRows, isPicked, toggleRow, type Span } from "@/domain/partition/picked-rows";

/** Selecting rows with pointer and keys. */
export interface RowPicking {
  isPicked: (row: number) => boolean;
  /** The row that the Tab key comes to. */
  active: number;
  /** What the button of a row listens to. */
  button: (row: number) => {
    onClick: (event: MouseEvent) => void;
    onKeyDown: (event: KeyboardEvent) => void;
    onPointerDown: (event: PointerEvent) => void;
    onFocus: () => void;
  };
  /** The pointer came over a row. */
  over: (row: number) => void;
}

const page = 15;

/**
 * Rows are selected by a click or Space, ranges with shift or by dragging; the arrows, Page Up and Down, Home and End move,
 * with shift they select on the way; Ctrl+A selects all and Escape none.
 */
export function useRowPicking(count: number, spans: readonly Span[], onPick: (spans: readonly Span[]) => void, onMove: (row: number) => void): RowPicking {
  const [active, setActive] = useState(0);
  // Where a range begins.
  const [anchor, setAnchor] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const shown = drag === undefined || drag.from === drag.to ? spans : addRows(spans, drag.from, drag.to);
  const finish = useEffectEvent(() => {
    // A press that went nowhere is a click, which comes after it.
    if (drag !== undefined && drag.from !== drag.to) onPick(addRows(spans, drag.from, drag.to));
    setDrag(undefined);
  });
  const dragging = drag !== undefined;
  useEffect(() => {
    if (!dragging) return;
    const end = () => { finish(); };
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
    return () => {
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
  }, [dragging]);
  const move = (row: number, extend: boolean) => {
    const to = Math.max(0, Math.min(count - 1, row));
    setActive(to);
    if (extend) onPick(addRows(spans, anchor, to));
    else setAnchor(to);
    onMove(to);
  };
  return {
    active: Math.min(active, count - 1),
    isPicked: (row) => isPicked(shown, row),
    over: (row) => {
      if (drag !== undefined && drag.to !== row) setDrag({ ...drag, to: row });
    },
    button: (row) => ({
      onFocus: () => { setActive(row); },
      onPointerDown: (event) => {
        // A finger scrolls.
        if (event.pointerType === "mouse" && event.button === 0 && !event.shiftKey) setDrag({ from: row, to: row });
      },
      onClick: (event) => {
        if (event.shiftKey) onPick(addRows(spans, anchor, row));
        else {
          setAnchor(row);
          onPick(toggleRow(spans, row));
        }
      },
      onKeyDown: (event) => {
        const steps: Record<string, number> = { ArrowDown: row + 1, ArrowUp: row - 1, PageDown: row + page, PageUp: row - page, Home: 0, End: count - 1 };
        const to = steps[event.key];
        if (to !== undefined) move(to, event.shiftKey);
        else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) onPick([[0, count - 1]]);
        else if (event.key === "Escape") onPick([]);
        else return;
        event.preventDefault();
      },
    }),
  };
}
