import { MissedTickPolicy, type MissedTicks } from "@/gen/penstock/usercode/v1/automation_pb";

/** What becomes of ticks that were due while nobody could make them. */
export function missedTicksText(missed: MissedTicks | undefined): string {
  switch (missed?.policy) {
    case MissedTickPolicy.SKIP:
      return "skipped: none is made up for";
    case MissedTickPolicy.ALL:
      return `all are made up for, the newest ${missed.atMost} at most`;
    default:
      // As the contract says of no policy, and of one that is not known.
      return "the latest one is made up for";
  }
}
