import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type HandlerContext, type Transport } from "@connectrpc/connect";
import { DiffJobResponseSchema, HistoryService, JobSnapshotSchema, type DiffJobRequest, type JobSnapshot } from "@/gen/penstock/host/v1/history_pb";
import { DiagnoseResponseSchema, HostService, type ConfigFileSchema, type PoolSchema, type QueueLimitSchema } from "@/gen/penstock/host/v1/host_pb";
import { JobSchema, JobService, type Job } from "@/gen/penstock/host/v1/job_pb";
import { LocationSchema, LocationService, type Location, type WatchLocationsResponseSchema } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { ErrorDetailSchema } from "@/gen/penstock/host/v1/problem_pb";
import { RepointRunsResponseSchema, type RepointRunsRequest } from "@/gen/penstock/host/v1/repoint_pb";
import {
  ExplainRunResponseSchema,
  PreviewRunResponseSchema,
  RunSchema,
  RunService,
  WatchRunEventsResponseSchema,
  type CancelRunRequest,
  type LaunchRunRequest,
  type PreviewRunResponseSchema as PreviewSchema,
  type Run,
  type StoredEventSchema,
  type WatchRunEventsRequest,
  type WatchRunsResponseSchema,
} from "@/gen/penstock/host/v1/run_pb";
import type { RunFilter } from "@/gen/penstock/host/v1/runfilter_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { GetStorageResponseSchema, StorageService } from "@/gen/penstock/host/v1/storage_pb";
import { tokenInterceptor } from "@/domain/host/transport";
import { isWithin } from "@/domain/run/op-path";
import { Channel } from "./channel";
import { Held } from "./held";
import { MemoryAlert } from "./memory-alert";
import { MemoryAutomation } from "./memory-automation";
import { MemoryBackfill } from "./memory-backfill";
import { MemoryBulk } from "./memory-bulk";
import { MemoryPartition } from "./memory-partition";
import { MemorySearch } from "./memory-search";
import { MemoryTags } from "./memory-tags";

// Few, so that tests see more than one page.
const snapshotPage = 5;

const nameOf = ({ name }: Job) => `${name?.location ?? ""}/${name?.repository ?? ""}/${name?.job ?? ""}`;

/** An error as the host sends it. */
export function hostError(code: Code, message: string, detail: { reason?: string; remedy?: string } = {}): ConnectError {
  return new ConnectError(message, code, undefined, [{ desc: ErrorDetailSchema, value: detail }]);
}

/** Answers only who may ask. */
export type Checked = <A extends unknown[], R>(answer: (...input: A) => R) => (...input: A) => R;

/** A host in memory, built from the generated services: tests say what it holds and see what it was asked. */
export class MemoryHost {
  locations: Location[] = [];
  jobs: Job[] = [];
  runs: Run[] = [];
  events = new Map<string, MessageInitShape<typeof StoredEventSchema>[]>();
  config: MessageInitShape<typeof ConfigFileSchema> | undefined;
  limits: MessageInitShape<typeof QueueLimitSchema>[] = [];
  pools: MessageInitShape<typeof PoolSchema>[] = [];
  snapshots: JobSnapshot[] = [];
  token = "";
  down = false;
  /** Unset, the host is so old that it does not know the call. */
  explain: ((run: Run) => MessageInitShape<typeof ExplainRunResponseSchema>) | undefined;
  /** As explain. */
  diagnose: (() => MessageInitShape<typeof DiagnoseResponseSchema>) | undefined;
  preview: (launch: LaunchRunRequest | undefined) => MessageInitShape<typeof PreviewSchema> = () => ({});
  diff: (request: DiffJobRequest) => MessageInitShape<typeof DiffJobResponseSchema> = () => ({});
  repoint: (request: RepointRunsRequest) => MessageInitShape<typeof RepointRunsResponseSchema> = () => ({});
  launch: (request: LaunchRunRequest) => MessageInitShape<typeof RunSchema> = (request) => ({ id: `run-of-${request.requestId}`, status: RunStatus.QUEUED });

  /** Unset, the host is as explain says. */
  storage: (() => MessageInitShape<typeof GetStorageResponseSchema>) | undefined;
  readonly held = new Held();
  readonly alert = new MemoryAlert();
  readonly automation = new MemoryAutomation();
  readonly backfill = new MemoryBackfill();
  readonly partition = new MemoryPartition();
  readonly search = new MemorySearch(() => this.runs);
  readonly bulk = new MemoryBulk(() => this.runs, this.search);
  readonly tags = new MemoryTags((id) => this.findRun(id), (id, change) => { this.changeRun(id, change); });

  readonly launched: LaunchRunRequest[] = [];
  readonly previewed: (LaunchRunRequest | undefined)[] = [];
  readonly watched: WatchRunEventsRequest[] = [];
  readonly canceled: CancelRunRequest[] = [];
  readonly deleted: string[] = [];
  readonly reloaded: string[] = [];
  /** The selectors of all lists of jobs that were asked for. */
  readonly jobsWhere: string[] = [];
  readonly repointed: RepointRunsRequest[] = [];
  readonly locationChanges = new Channel<MessageInitShape<typeof WatchLocationsResponseSchema>>();
  readonly runChanges = new Channel<MessageInitShape<typeof WatchRunsResponseSchema>>();
  readonly runEvents = new Channel<MessageInitShape<typeof WatchRunEventsResponseSchema>>();

  addLocation(location: MessageInitShape<typeof LocationSchema>): Location {
    const made = create(LocationSchema, location);
    this.locations.push(made);
    return made;
  }

  addJob(job: MessageInitShape<typeof JobSchema>): Job {
    const made = create(JobSchema, job);
    this.jobs.push(made);
    return made;
  }

  /** Adds a snapshot, newer than those before it. */
  addSnapshot(snapshot: MessageInitShape<typeof JobSnapshotSchema>): void {
    this.snapshots.unshift(create(JobSnapshotSchema, snapshot));
  }

  addRun(run: MessageInitShape<typeof RunSchema>): Run {
    const seq = BigInt(this.runs.length + 1);
    const made = create(RunSchema, { seq, createdAt: timestampFromMs(Date.now()), ...run });
    this.runs.unshift(made);
    return made;
  }

  /** Changes a run and tells everyone. */
  changeRun(id: string, change: Partial<Run>): void {
    this.runs = this.runs.map((run) => (run.id === id ? { ...run, ...change } : run));
    this.runChanges.send({ run: this.findRun(id), matches: true });
  }

  transport(): Transport {
    return createRouterTransport(
      (router) => {
        const checked: Checked = (answer) => (...input) => {
          this.checkToken((input as unknown[])[1] as HandlerContext);
          return answer(...input);
        };
        this.search.serve(router, checked);
        this.bulk.serve(router, checked);
        this.alert.serve(router, checked);
        this.automation.serve(router, checked);
        this.backfill.serve(router, checked);
        this.partition.serve(router, checked);
        this.tags.serve(router, checked);
        router.service(StorageService, { getStorage: checked(() => create(GetStorageResponseSchema, known(this.storage)())) });
        router.service(HostService, {
          getHost: checked(() => ({ host: { version: "1.2.3", protocolVersion: "0.15.0", dataBytes: 2048n, queue: { maxInProgress: 10, inProgress: 1, queued: 2, limits: this.limits, pools: this.pools }, ...(this.config === undefined ? {} : { config: this.config }) } })),
          diagnose: checked(() => create(DiagnoseResponseSchema, known(this.diagnose)())),
        });
        router.service(HistoryService, {
          listJobSnapshots: checked(({ pageCursor }) => this.listSnapshots(Number(pageCursor))),
          diffJob: checked((request) => create(DiffJobResponseSchema, this.diff(request))),
        });
        router.service(JobService, {
          listJobs: checked(({ search, where }) => this.listJobs(search, where)),
          getJob: checked(({ name }) => ({ job: this.findJob(name) })),
        });
        router.service(LocationService, {
          listLocations: checked(() => ({ locations: this.locations })),
          getLocation: checked(({ name }) => ({ location: this.locations.find((each) => each.name === name) })),
          reloadLocation: checked(({ name }) => {
            this.reloaded.push(name);
            return { location: this.locations.find((each) => each.name === name) };
          }),
          watchLocations: (_, context) => {
            this.checkToken(context);
            return this.locationChanges.read(context.signal, ...this.locations.map((location) => ({ location })));
          },
        });
        router.service(RunService, {
          launchRun: checked((request) => {
            this.launched.push(request);
            return { run: this.addRun(this.launch(request)) };
          }),
          previewRun: checked(({ launch }) => {
            this.previewed.push(launch);
            return create(PreviewRunResponseSchema, this.preview(launch));
          }),
          explainRun: checked(({ id }) => create(ExplainRunResponseSchema, known(this.explain)(this.findRun(id)))),
          listRuns: checked(({ filter, pageSize, pageCursor }) => this.listRuns(filter, pageSize, pageCursor)),
          getRun: checked(({ id }) => ({ run: this.findRun(id) })),
          getRunSnapshot: checked(({ id }) => this.snapshot(this.findRun(id))),
          watchRuns: (_, context) => {
            this.checkToken(context);
            return this.runChanges.read(context.signal, {});
          },
          watchRunEvents: (request, context) => {
            this.watched.push(request);
            return this.watchEvents(request, context.signal);
          },
          repointRuns: checked((request) => {
            if (!request.dryRun) this.repointed.push(request);
            return create(RepointRunsResponseSchema, this.repoint(request));
          }),
          cancelRun: checked((request) => {
            this.canceled.push(request);
            this.changeRun(request.id, { status: RunStatus.CANCELING });
            return { run: this.findRun(request.id) };
          }),
          deleteRun: checked(({ id }) => {
            this.deleted.push(id);
            this.runs = this.runs.filter((run) => run.id !== id);
            return {};
          }),
        });
      },
      { transport: { interceptors: [tokenInterceptor, this.held.interceptor] } },
    );
  }

  /** Stops to answer; open streams break. */
  goDown(): void {
    this.down = true;
    for (const channel of [this.locationChanges, this.runChanges, this.runEvents, this.automation.changes, this.backfill.changes]) channel.fail(hostError(Code.Unavailable, "the host is down"));
  }

  private checkToken(context: HandlerContext): void {
    if (this.down) throw hostError(Code.Unavailable, "the host is down");
    if (this.token !== "" && context.requestHeader.get("Authorization") !== `Bearer ${this.token}`) {
      throw hostError(Code.Unauthenticated, "this host wants a token");
    }
  }

  private listJobs(search: string, where: string) {
    this.jobsWhere.push(where);
    const found = this.jobs.filter((job) => nameOf(job).includes(search) && (where === "" || where === `job=${job.name?.job ?? ""}`));
    const jobs = found.map((job) => ({
      name: job.name,
      summary: job.definition?.description.split("\n")[0] ?? "",
      tags: job.definition?.tags ?? [],
      ops: job.definition?.graph?.nodes.length ?? 0,
      metadataState: job.metadata?.state ?? 0,
    }));
    const metadataHidden = where.includes("meta:") ? this.jobs.filter((job) => job.metadata?.state === FeatureState.REFUSED).length : 0;
    return { jobs, total: found.length, metadataHidden };
  }

  private listSnapshots(from: number) {
    const snapshots = this.snapshots.slice(from, from + snapshotPage);
    const next = from + snapshots.length;
    return { snapshots, nextCursor: next < this.snapshots.length ? String(next) : "" };
  }

  private findJob(name: string): Job {
    const job = this.jobs.find((each) => nameOf(each).endsWith(name));
    if (job === undefined) throw hostError(Code.NotFound, `there is no job ${name}`, { reason: "JOB_NOT_FOUND", remedy: "See all jobs." });
    return job;
  }

  private listRuns(filter: RunFilter | undefined, pageSize: number, cursor: string) {
    const found = this.search.select(filter).filter((run) => cursor === "" || run.seq < BigInt(cursor));
    const size = pageSize === 0 ? 25 : pageSize;
    const runs = found.slice(0, size);
    return { runs, nextCursor: found.length > size ? String(runs.at(-1)?.seq ?? "") : "" };
  }

  private findRun(id: string): Run {
    const run = this.runs.find((each) => each.id.startsWith(id));
    if (run === undefined) throw hostError(Code.NotFound, `there is no run ${id}`, { reason: "RUN_NOT_FOUND" });
    return run;
  }

  private snapshot(run: Run) {
    const job = this.jobs.find((each) => each.name?.job === run.job?.job);
    return { definition: job?.definition, metadata: job?.metadata };
  }

  private async *watchEvents(request: WatchRunEventsRequest, signal: AbortSignal): AsyncIterable<MessageInitShape<typeof WatchRunEventsResponseSchema>> {
    const run = this.findRun(request.runId);
    const events = this.events.get(run.id) ?? [];
    yield { events: wantedEvents(events, request), cursor: `1.${events.length}.0`, run };
    if (run.status >= RunStatus.SUCCESS) return;
    for await (const message of this.runEvents.read(signal)) yield create(WatchRunEventsResponseSchema, { cursor: message.cursor ?? "", ...(message.run === undefined ? {} : { run: message.run }), events: wantedEvents(message.events ?? [], request) });
  }
}

type EventInit = MessageInitShape<typeof StoredEventSchema>;

function wantedEvents(events: readonly EventInit[], { kinds, withoutKinds, opPaths }: WatchRunEventsRequest): EventInit[] {
  return events.filter(({ event }) => {
    const kind = event?.kind ?? "";
    const candidates = event?.detail?.case === "captured" ? (event.detail.value.candidates ?? []) : [];
    const ops = [event?.opPath ?? "", ...candidates];
    return (
      (kinds.length === 0 || kinds.includes(kind)) &&
      !withoutKinds.includes(kind) &&
      (opPaths.length === 0 || opPaths.some((wanted) => ops.some((op) => isWithin(op, wanted))))
    );
  });
}

function known<T>(answer: T | undefined): T {
  if (answer === undefined) throw new ConnectError("unknown method", Code.Unimplemented);
  return answer;
}
