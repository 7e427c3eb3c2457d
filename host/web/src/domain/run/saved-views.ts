import { localStore } from "@/lib/browser-storage";
import { ValueStore } from "@/lib/value-store";
import type { RunsView } from "@/domain/paths";
import { runStatusByName, runStatusData } from "./run-status";

const key = "penstock.runs.views";

/** A filter of runs with a name. */
export interface SavedView extends Pick<RunsView, "where" | "statuses"> {
  name: string;
}

/** Views that were saved in this browser, in order of names. */
export const savedViews = new ValueStore<readonly SavedView[]>(readViews(localStore.get(key)));

/** Saves a view; one of the same name is replaced. */
export function saveView(view: SavedView): void {
  const others = kept().filter((other) => other.name !== view.name);
  keep([...others, view].sort((a, b) => a.name.localeCompare(b.name)));
}

/** Forgets a view. */
export function deleteView(name: string): void {
  keep(kept().filter((view) => view.name !== name));
}

// Another tab may have saved or deleted some since this one read them.
function kept(): SavedView[] {
  return readViews(localStore.get(key));
}

function keep(views: readonly SavedView[]): void {
  // Statuses by name: numbers would say nothing to who looks into the browser's storage.
  localStore.set(key, JSON.stringify(views.map((view) => ({ ...view, statuses: view.statuses.map((status) => runStatusData(status).name) }))));
  savedViews.set(views);
}

/** Reads what was kept; what is no view is left out, since anything may be there. */
export function readViews(text: string | undefined): SavedView[] {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(kept)) return [];
  return kept.map(readView).filter((view) => view !== undefined);
}

function readView(kept: unknown): SavedView | undefined {
  if (typeof kept !== "object" || kept === null || !("name" in kept) || !("where" in kept) || !("statuses" in kept)) return undefined;
  const { name, where, statuses } = kept;
  if (typeof name !== "string" || name === "" || typeof where !== "string" || !Array.isArray(statuses)) return undefined;
  const known = statuses.map((status) => (typeof status === "string" ? runStatusByName(status) : undefined)).filter((status) => status !== undefined);
  return { name, where, statuses: known };
}
