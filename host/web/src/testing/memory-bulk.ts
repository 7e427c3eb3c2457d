import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { BulkSchema, BulkService, BulkState, PreviewBulkResponseSchema, type Bulk, type BulkAction, type StartBulkRequest } from "@/gen/penstock/host/v1/bulk_pb";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { runStatusData } from "@/domain/run/run-status";
import { Channel } from "./channel";
import type { Checked } from "./memory-host";
import type { MemorySearch } from "./memory-search";
import type { Plain } from "./samples";

/** Bulk actions: begun as they are asked for, carried out as a test says. */
export class MemoryBulk {
  bulks: Bulk[] = [];
  /** More of the answer to a preview, for example problems. */
  preview: (action: BulkAction | undefined) => Plain<MessageInitShape<typeof PreviewBulkResponseSchema>> = () => ({});
  readonly started: StartBulkRequest[] = [];
  readonly stopped: string[] = [];
  readonly changes = new Channel<{ bulk: Bulk }>();

  constructor(private readonly runs: () => Run[], private readonly search: MemorySearch) {}

  /** Changes an action and tells everyone. */
  change(id: string, change: Partial<Bulk>): void {
    this.bulks = this.bulks.map((bulk) => (bulk.id === id ? { ...bulk, ...change } : bulk));
    this.changes.send({ bulk: this.find(id) });
  }

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(BulkService, {
      previewBulk: checked(({ action }: { action?: BulkAction }) => {
        const meant = this.meant(action);
        const fit = meant.filter((run) => applies(action, run));
        return create(PreviewBulkResponseSchema, { selected: BigInt(meant.length), passedOver: BigInt(meant.length - fit.length), sample: fit.slice(0, 10), ...this.preview(action) });
      }),
      startBulk: checked((request: StartBulkRequest) => {
        this.started.push(request);
        const bulk = create(BulkSchema, {
          id: `bulk-${this.bulks.length + 1}`,
          by: request.by,
          state: BulkState.RUNNING,
          createdAt: timestampFromMs(Date.now()),
          selected: BigInt(this.meant(request.action).length),
          ...(request.action === undefined ? {} : { action: request.action }),
        });
        this.bulks.unshift(bulk);
        return { bulk };
      }),
      getBulk: checked(({ id }: { id: string }) => ({ bulk: this.find(id) })),
      listBulks: checked(({ pageSize, pageCursor }: { pageSize: number; pageCursor: string }) => {
        const [from, size] = [Number(pageCursor), pageSize === 0 ? 25 : pageSize];
        return { bulks: this.bulks.slice(from, from + size), nextCursor: from + size < this.bulks.length ? String(from + size) : "" };
      }),
      stopBulk: checked(({ id }: { id: string }) => {
        this.stopped.push(id);
        this.change(id, { state: BulkState.STOPPED });
        return { bulk: this.find(id) };
      }),
      watchBulk: ({ id }: { id: string }, context: HandlerContext) => this.watch(id, context.signal),
    });
  }

  private async *watch(id: string, signal: AbortSignal) {
    for await (const message of this.changes.read(signal, { bulk: this.find(id) })) {
      if (message.bulk.id !== id) continue;
      yield message;
      if (message.bulk.state !== BulkState.RUNNING) return;
    }
  }

  private meant(action: BulkAction | undefined): Run[] {
    if (action?.filter !== undefined) return this.search.select(action.filter);
    return this.runs().filter((run) => action?.runIds.includes(run.id) === true);
  }

  private find(id: string): Bulk {
    const bulk = this.bulks.find((each) => each.id === id);
    if (bulk === undefined) throw new ConnectError(`there is no action ${id}`, Code.NotFound);
    return bulk;
  }
}

function applies(action: BulkAction | undefined, run: Run): boolean {
  const { final } = runStatusData(run.status);
  return action?.action.case === "tag" || (action?.action.case === "cancel" ? !final : final);
}
