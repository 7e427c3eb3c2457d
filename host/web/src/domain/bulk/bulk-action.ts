import type { MessageInitShape } from "@bufbuild/protobuf";
import { BulkState, type Bulk, type BulkAction, type BulkActionSchema } from "@/gen/penstock/host/v1/bulk_pb";
import { assertUnreachable } from "@/lib/assert-unreachable";
import { plural } from "@/lib/plural";
import { allRuns, type RunsView } from "@/domain/paths";
import { reexecutingData } from "@/domain/run/reexecution";
import { formatTag } from "@/domain/run/tag";
import { fieldTerm, tagTerm, withTerm } from "@/domain/selector/selector-text";

/** What is done with each run. */
export type ActionInit = NonNullable<Exclude<MessageInitShape<typeof BulkActionSchema>, { $typeName: string }>["action"]>;

/** The kinds of bulk actions that this page offers. */
export type BulkKind = "cancel" | "reexecute" | "tag" | "delete";

interface KindWords {
  /** On the button that opens the dialog, and as its title. */
  label: string;
  /** "cancel 3 runs", "change the tags of 3 runs". */
  doing: (count: string) => string;
  /** What becomes of them, in a sentence. */
  meaning: string;
  /** Why it does not apply to some. */
  passedOver: string;
  /** Ends or deletes something. */
  danger: boolean;
}

const words: Record<BulkKind, KindWords> = {
  cancel: {
    label: "Cancel",
    doing: (count) => `Cancel ${count}`,
    meaning: "Runs that wait leave the queue. Ops that run are told to stop, get some time for that, and are killed then. What they have done already stays done.",
    passedOver: "they are over",
    danger: true,
  },
  reexecute: {
    label: "Re-execute",
    doing: (count) => `Re-execute ${count}`,
    meaning: "For each of them a new run is launched, with its config and its tags.",
    passedOver: "they are not over, or there is nothing to re-execute",
    danger: false,
  },
  tag: {
    label: "Tags",
    doing: (count) => `Change the tags of ${count}`,
    meaning: "Runs in the queue are judged anew at once, by the tags that they have then. What a tag was before is kept in its history.",
    passedOver: "their tags are like that",
    danger: false,
  },
  delete: {
    label: "Delete",
    doing: (count) => `Delete ${count}`,
    meaning: "The runs are deleted with their events, their output and the history of their tags. This cannot be undone.",
    passedOver: "they are not over; cancel them first",
    danger: true,
  },
};

/** All words about a kind of action. */
export function bulkWords(kind: BulkKind): KindWords {
  return words[kind];
}

/** The kinds in the order in which they are offered. */
export const bulkKinds: readonly BulkKind[] = ["cancel", "reexecute", "tag", "delete"];

/** "Cancel 1,204 runs": what an action does, to how many. */
export function describeBulk({ action, selected }: Pick<Bulk, "action" | "selected">): string {
  const count = plural(Number(selected), "run");
  const { detail, kind } = detailOf(action?.action);
  return (kind === undefined ? `Action on ${count}` : words[kind].doing(count)) + (detail === "" ? "" : `: ${detail}`);
}

function detailOf(action: BulkAction["action"] | undefined): { kind: BulkKind | undefined; detail: string } {
  switch (action?.case) {
    case "cancel":
      return { kind: action.case, detail: action.value.force ? "by force" : "" };
    case "reexecute":
      return { kind: action.case, detail: reexecutingData(action.value.strategy).label.toLowerCase() };
    case "tag":
      return { kind: action.case, detail: [...action.value.set.map(formatTag), ...action.value.remove.map((key) => `without ${key}`)].join(", ") };
    case "delete":
      return { kind: action.case, detail: "" };
    case undefined:
      return { kind: undefined, detail: "" };
    default:
      return otherAction(action);
  }
}

// A newer host may have begun what this page has no words for.
function otherAction(action: never): { kind: undefined; detail: string } {
  return typeof action === "object" ? { kind: undefined, detail: "" } : assertUnreachable(action);
}

/** Whether an action goes on; one in a state that this page does not know does, too. */
export function goesOn({ state }: Pick<Bulk, "state">): boolean {
  return state !== BulkState.DONE && state !== BulkState.STOPPED;
}

/** How many runs an action has come to. */
export function lookedAt({ changed, passedOver, failed }: Pick<Bulk, "changed" | "passedOver" | "failed">): bigint {
  return changed + passedOver + failed;
}

/** "50 of 200 runs: 40 changed, 9 passed over, 1 refused": what became of the runs. */
export function outcomeOf(bulk: Bulk): string {
  const looked = lookedAt(bulk);
  const part = (count: bigint, what: string) => (count > 0n ? `, ${plural(Number(count), what, what)}` : "");
  return (
    (goesOn(bulk) ? `${Number(looked).toLocaleString("en")} of ${plural(Number(bulk.selected), "run")}: ` : "") +
    plural(Number(bulk.changed), "changed", "changed") +
    part(bulk.passedOver, "passed over") +
    part(bulk.failed, "refused") +
    (bulk.state === BulkState.STOPPED ? part(bulk.selected - looked, "not looked at") : "")
  );
}

/** The page of the runs that an action is about, with its progress. Runs that were picked one by one are among all runs. */
export function viewOf({ id, action }: Pick<Bulk, "id" | "action">): RunsView {
  const { where = "", statuses = [], tags = [], job = "", codeVersion = "", snapshot = "", location = "" } = action?.filter ?? {};
  const fields = ([["job", job], ["version", codeVersion], ["snapshot", snapshot], ["location", location]] as const).filter(([, text]) => text !== "");
  const terms = [...tags.map(tagTerm), ...fields.map(([field, text]) => fieldTerm(field, text))];
  return { ...allRuns, where: terms.reduce(withTerm, where), statuses, bulk: id };
}
