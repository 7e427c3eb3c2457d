import { CircleCheck, CircleDashed, CircleSlash, CircleX, LoaderCircle } from "lucide-react";
import { PartitionOpStatus } from "@/gen/penstock/host/v1/partition_pb";
import type { StateLook } from "@/ui/badge";

const looks: readonly (StateLook & { status: PartitionOpStatus })[] = [
  { status: PartitionOpStatus.PENDING, label: "waits or runs", tone: "busy", icon: LoaderCircle },
  { status: PartitionOpStatus.SUCCESS, label: "success", tone: "good", icon: CircleCheck },
  { status: PartitionOpStatus.FAILURE, label: "failure", tone: "bad", icon: CircleX },
  { status: PartitionOpStatus.SKIPPED, label: "not executed", tone: "calm", icon: CircleSlash },
];

const never: StateLook = { label: "never executed", tone: "calm", icon: CircleDashed };

/** How an op of a partition went last, as it is shown; unset or unknown, it is shown as never executed. */
export function partitionOpLook(status: PartitionOpStatus): StateLook {
  return looks.find((look) => look.status === status) ?? never;
}
