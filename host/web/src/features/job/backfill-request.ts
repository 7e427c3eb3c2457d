import { newRow, tagsOf, type TagRow } from "@/domain/run/tag-rows";

/** Partitions that are selected in the grid. */
export type PickedSelection = { ranges: { from: string; to: string }[] } | { keys: string[] };

/** What is filled in of a backfill. */
export interface BackfillFormState {
  which: "picked" | "all" | "range";
  from: string;
  to: string;
  of: "every" | "failed" | "missing";
  title: string;
  /** As typed; empty for what the host takes. */
  maxOpenRuns: string;
  newestFirst: boolean;
  ops: string;
  tags: TagRow[];
}

/** A form with nothing filled in. */
export function emptyForm(picked: boolean): BackfillFormState {
  return { which: picked ? "picked" : "all", from: "", to: "", of: "every", title: "", maxOpenRuns: "", newestFirst: false, ops: "", tags: [newRow()] };
}

/** What the form asks for. */
export function requestOf(job: string, form: BackfillFormState, picked: PickedSelection) {
  const chosen = form.which === "picked" ? picked : form.which === "all" ? { all: true } : { ranges: [{ from: form.from.trim(), to: form.to.trim() }] };
  const open = Number(form.maxOpenRuns);
  return {
    job,
    partitions: { ...chosen, failedOnly: form.of === "failed", missingOnly: form.of === "missing" },
    tags: tagsOf(form.tags),
    opSelection: form.ops.trim(),
    maxOpenRuns: Number.isInteger(open) && open > 0 ? open : 0,
    newestFirst: form.newestFirst,
    title: form.title.trim(),
  };
}
