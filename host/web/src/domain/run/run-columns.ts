import { localStore } from "@/lib/browser-storage";
import { ValueStore } from "@/lib/value-store";

const key = "penstock.runs.parent";

/** Whether lists of runs have a column for the run that each was executed again from; kept in the browser. */
export const parentColumn = new ValueStore(localStore.get(key) === "shown");

/** Shows or hides the column. */
export function showParentColumn(shown: boolean): void {
  if (shown) localStore.set(key, "shown");
  else localStore.remove(key);
  parentColumn.set(shown);
}
