import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import {
  GetPartitionGridResponseSchema,
  ListPartitionsResponseSchema,
  PartitionService,
  type ChangePartitionKeysRequest,
  type GetPartitionGridRequest,
  type ListPartitionsRequest,
  type PartitionStatusSchema,
} from "@/gen/penstock/host/v1/partition_pb";
import type { Checked } from "./memory-host";
import type { Plain } from "./samples";

/** Partitions: keys by dimension, in their order, and how each whole key stands. */
export class MemoryPartition {
  keys: Record<string, string[]> = {};
  ops: string[] = [];
  status: (key: string) => Plain<MessageInitShape<typeof PartitionStatusSchema>> = () => ({});
  readonly asked: GetPartitionGridRequest[] = [];
  readonly changed: ChangePartitionKeysRequest[] = [];

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(PartitionService, {
      listPartitions: checked(({ dimension, prefix, newestFirst, pageSize, pageCursor }: ListPartitionsRequest) => {
        const found = (this.keys[dimension] ?? []).filter((key) => key.startsWith(prefix));
        const from = Number(pageCursor);
        const keys = (newestFirst ? found.toReversed() : found).slice(from, from + pageSize).map((key) => ({ key }));
        const next = from + keys.length;
        return create(ListPartitionsResponseSchema, { keys, total: BigInt(found.length), nextCursor: next < found.length ? String(next) : "" });
      }),
      getPartitionGrid: checked((request: GetPartitionGridRequest) => {
        this.asked.push(request);
        return create(GetPartitionGridResponseSchema, { ops: request.withoutOps ? [] : this.ops, partitions: request.keys.map((key) => ({ key, ...this.status(key) })) });
      }),
      changePartitionKeys: checked((request: ChangePartitionKeysRequest) => {
        this.changed.push(request);
        const before = this.keys[request.dimension] ?? [];
        this.keys[request.dimension] = [...before.filter((key) => !request.remove.includes(key)), ...request.add];
        return { added: request.add.length, removed: request.remove.length };
      }),
    });
  }
}
