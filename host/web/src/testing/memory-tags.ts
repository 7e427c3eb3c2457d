import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { ErrorDetailSchema, type ProblemSchema } from "@/gen/penstock/host/v1/problem_pb";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { RunTagChangeSchema, RunTagService, type EditRunTagsRequest, type RunTagChange } from "@/gen/penstock/host/v1/runtag_pb";
import { Origin } from "@/gen/penstock/tag/v1/tag_pb";
import type { Checked } from "./memory-host";

/** Tags after launch, with their history. */
export class MemoryTags {
  /** What is wrong with an edit. */
  refuse: (request: EditRunTagsRequest) => MessageInitShape<typeof ProblemSchema>[] = () => [];
  readonly edited: EditRunTagsRequest[] = [];
  private readonly history = new Map<string, RunTagChange[]>();

  constructor(private readonly find: (id: string) => Run, private readonly change: (id: string, change: Partial<Run>) => void) {}

  /** What became of a run's tags. */
  changesOf(run: string): RunTagChange[] {
    return this.history.get(run) ?? this.find(run).tags.map((tag) => create(RunTagChangeSchema, { tag, time: timestampFromMs(0) }));
  }

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(RunTagService, {
      editRunTags: checked((request: EditRunTagsRequest) => this.edit(request)),
      listRunTagChanges: checked(({ runId, key }: { runId: string; key: string }) => ({
        changes: this.changesOf(runId).filter((change) => key === "" || change.tag?.key === key),
      })),
    });
  }

  private edit(request: EditRunTagsRequest) {
    this.edited.push(request);
    const { runId, edit, by } = request;
    const problems = this.refuse(request);
    if (problems.length > 0) throw new ConnectError("these tags cannot be used", Code.InvalidArgument, undefined, [{ desc: ErrorDetailSchema, value: { reason: "TAG", problems } }]);
    const time = timestampFromMs(Date.now());
    const set = (edit?.set ?? []).map(({ key, value }) => ({ key, value, origin: Origin.EDITED, edit: { user: by, time } }));
    const remove = edit?.remove ?? [];
    const changes = [
      ...set.map((tag) => create(RunTagChangeSchema, { tag, time, by })),
      ...remove.map((key) => create(RunTagChangeSchema, { tag: { key }, removed: true, time, by })),
    ];
    this.history.set(runId, [...this.changesOf(runId), ...changes]);
    const kept = this.find(runId).tags.filter((tag) => !remove.includes(tag.key) && !set.some((other) => other.key === tag.key));
    const added = changes.map((change) => change.tag).filter((tag, index) => tag !== undefined && changes[index]?.removed === false) as Run["tags"];
    this.change(runId, { tags: [...kept, ...added].sort((a, b) => (a.key < b.key ? -1 : 1)) });
    return { run: this.find(runId) };
  }
}
