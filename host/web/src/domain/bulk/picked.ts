import { useState } from "react";

/** Runs that were picked for a bulk action. */
export interface Picked {
  ids: ReadonlySet<string>;
  /** All that match are meant, also those on other pages. */
  all: boolean;
  /** Picks a run, or not; with shift all runs of the page between the last one and this. */
  toggle: (id: string, on: boolean, shift: boolean, page: readonly string[]) => void;
  /** Picks all runs of a page, or none of them. */
  togglePage: (page: readonly string[], on: boolean) => void;
  pickAll: () => void;
  clear: () => void;
}

interface State {
  of: string;
  ids: ReadonlySet<string>;
  all: boolean;
  last: string;
}

/** What is picked of a selection of runs; another selection begins with nothing. */
export function usePicked(of: string): Picked {
  const none: State = { of, ids: new Set(), all: false, last: "" };
  const [kept, setKept] = useState(none);
  const state = kept.of === of ? kept : none;
  return {
    ids: state.ids,
    all: state.all,
    toggle: (id, on, shift, page) => {
      const meant = shift ? between(page, state.last, id) : [id];
      setKept({ of, ids: changed(state.all ? new Set(page) : state.ids, meant, on), all: false, last: id });
    },
    togglePage: (page, on) => { setKept({ of, ids: changed(state.ids, page, on), all: false, last: "" }); },
    pickAll: () => { setKept({ ...state, all: true }); },
    clear: () => { setKept(none); },
  };
}

function changed(ids: ReadonlySet<string>, meant: readonly string[], on: boolean): Set<string> {
  const next = new Set(ids);
  for (const id of meant) {
    if (on) next.add(id);
    else next.delete(id);
  }
  return next;
}

/** The rows from one to another, both included, whichever is first; only the latter when the former is not there. */
export function between(page: readonly string[], from: string, to: string): string[] {
  const [a, b] = [page.indexOf(from), page.indexOf(to)];
  if (a < 0 || b < 0) return [to];
  return page.slice(Math.min(a, b), Math.max(a, b) + 1);
}
