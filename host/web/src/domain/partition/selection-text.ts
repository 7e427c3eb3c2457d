import type { PartitionSelection } from "@/gen/penstock/host/v1/partition_pb";
import { plural } from "@/lib/plural";

// More are counted only.
const mostNamed = 3;

/** What a selection of partitions selects, for people. */
export function selectionText(selection: Pick<PartitionSelection, "all" | "keys" | "ranges" | "failedOnly" | "missingOnly"> | undefined): string {
  if (selection === undefined) return "nothing";
  const { all, keys, ranges, failedOnly, missingOnly } = selection;
  const parts = [
    ...(all ? ["all partitions"] : []),
    ...some(ranges.map(({ from, to }) => (from === to ? from : `${from === "" ? "the first" : from} to ${to === "" ? "the last" : to}`)), "range"),
    ...some(keys, "key"),
  ];
  const only = [...(failedOnly ? ["those whose newest run failed or was canceled"] : []), ...(missingOnly ? ["those without a run that ended well"] : [])];
  return (parts.length === 0 ? "nothing" : parts.join(", ")) + (only.length === 0 ? "" : `; of these only ${only.join(" and ")}`);
}

function some(texts: readonly string[], one: string): string[] {
  return texts.length <= mostNamed ? [...texts] : [...texts.slice(0, mostNamed), `and ${plural(texts.length - mostNamed, `more ${one}`)}`];
}
