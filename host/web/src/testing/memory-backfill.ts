import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  BackfillPartitionSchema,
  BackfillSchema,
  BackfillService,
  BackfillState,
  PreviewBackfillResponseSchema,
  type Backfill,
  type BackfillPartition,
  type BackfillRequest,
  type CancelBackfillRequest,
  type ListBackfillsRequest,
  type RetryBackfillRequest,
  type StartBackfillRequest,
} from "@/gen/penstock/host/v1/backfill_pb";
import { Channel } from "./channel";
import type { Checked } from "./memory-host";

/** Backfills: begun as they are asked for, carried out as a test says. */
export class MemoryBackfill {
  backfills: Backfill[] = [];
  partitions: BackfillPartition[] = [];
  preview: (request: BackfillRequest | undefined) => MessageInitShape<typeof PreviewBackfillResponseSchema> = () => ({ partitions: 1n });
  readonly previewed: (BackfillRequest | undefined)[] = [];
  readonly started: StartBackfillRequest[] = [];
  readonly canceled: CancelBackfillRequest[] = [];
  readonly retried: RetryBackfillRequest[] = [];
  readonly changes = new Channel<{ backfill?: Backfill }>();

  add(backfill: MessageInitShape<typeof BackfillSchema>): Backfill {
    const made = create(BackfillSchema, { id: `backfill-${this.backfills.length + 1}`, state: BackfillState.RUNNING, createdAt: timestampFromMs(Date.now() - 60_000), ...backfill });
    this.backfills.unshift(made);
    return made;
  }

  addPartition(partition: MessageInitShape<typeof BackfillPartitionSchema>): void {
    this.partitions.push(create(BackfillPartitionSchema, partition));
  }

  /** Changes one, and tells everyone. */
  change(id: string, change: Partial<Backfill>): void {
    this.backfills = this.backfills.map((each) => (each.id === id ? { ...each, ...change } : each));
    this.changes.send({ backfill: this.find(id) });
  }

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(BackfillService, {
      previewBackfill: checked(({ backfill }: { backfill?: BackfillRequest }) => {
        this.previewed.push(backfill);
        return create(PreviewBackfillResponseSchema, this.preview(backfill));
      }),
      startBackfill: checked((request: StartBackfillRequest) => {
        this.started.push(request);
        return { backfill: this.add({ by: request.by, ...(request.backfill === undefined ? {} : { request: request.backfill }) }) };
      }),
      getBackfill: checked(({ id }: { id: string }) => ({ backfill: this.find(id) })),
      listBackfills: checked(({ job, pageSize, pageCursor }: ListBackfillsRequest) => {
        const [from, size] = [Number(pageCursor), pageSize === 0 ? 25 : pageSize];
        const found = this.backfills.filter((each) => job === "" || each.request?.job === job);
        return { backfills: found.slice(from, from + size), nextCursor: from + size < found.length ? String(from + size) : "" };
      }),
      listBackfillPartitions: checked(() => ({ partitions: this.partitions })),
      watchBackfills: (_: unknown, context: HandlerContext) => this.changes.read(context.signal, {}),
      cancelBackfill: checked((request: CancelBackfillRequest) => {
        this.canceled.push(request);
        this.change(request.id, { state: BackfillState.CANCELING });
        return { backfill: this.find(request.id) };
      }),
      retryBackfill: checked((request: RetryBackfillRequest) => {
        this.retried.push(request);
        this.change(request.id, { state: BackfillState.RUNNING });
        return { backfill: this.find(request.id), retried: 1n };
      }),
    });
  }

  private find(id: string): Backfill {
    const found = this.backfills.find((each) => each.id.startsWith(id));
    if (found === undefined) throw new ConnectError(`there is no backfill ${id}`, Code.NotFound);
    return found;
  }
}
