import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { ErrorDetailSchema } from "@/gen/penstock/host/v1/problem_pb";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { CompleteSelectorResponseSchema, SearchService, type CompleteSelectorRequest, type RunFilter } from "@/gen/penstock/host/v1/runfilter_pb";
import type { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { formatJobName } from "@/domain/job/job-name";
import type { Plain } from "./samples";
import { readSelector, SelectorError } from "./memory-selector";
import type { Checked } from "./memory-host";

type CompletionInit = Plain<MessageInitShape<typeof CompleteSelectorResponseSchema>>;

/** Finds, counts and completes as the host does. */
export class MemorySearch {
  /** What may stand at a place; without it nothing is suggested, and mistakes are said all the same. */
  complete: (request: CompleteSelectorRequest) => CompletionInit = () => ({});
  readonly counted: (RunFilter | undefined)[] = [];

  constructor(private readonly runs: () => Run[]) {}

  /** The runs that a filter selects, newest first. */
  select(filter: RunFilter | undefined): Run[] {
    const { where = "", job = "", statuses = [] } = filter ?? {};
    const test = readWhere(where);
    return this.runs().filter(
      (run) =>
        test(run) && (statuses.length === 0 || statuses.includes(run.status)) && (job === "" || (run.job !== undefined && `/${formatJobName(run.job)}`.endsWith(`/${job}`))),
    );
  }

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(SearchService, {
      countRuns: checked(({ filter }: { filter?: RunFilter }) => {
        this.counted.push(filter);
        const runs = this.select(filter);
        const counts = new Map<RunStatus, number>();
        for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
        return { total: BigInt(runs.length), statuses: [...counts].sort(([a], [b]) => a - b).map(([status, count]) => ({ status, count: BigInt(count) })) };
      }),
      completeSelector: checked((request: CompleteSelectorRequest) => create(CompleteSelectorResponseSchema, { ...problemOf(request.text), ...this.complete(request) })),
    });
  }
}

function problemOf(text: string): CompletionInit {
  try {
    readSelector(text);
    return {};
  } catch (error) {
    return error instanceof SelectorError ? { problem: { field: "where", line: 1, column: error.column, message: error.message } } : {};
  }
}

function readWhere(where: string): (run: Run) => boolean {
  try {
    return readSelector(where);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    const problems = [{ field: "where", line: 1, column: error.column, message: error.message }];
    throw new ConnectError(`the selector cannot be read: ${error.message}`, Code.InvalidArgument, undefined, [{ desc: ErrorDetailSchema, value: { reason: "SELECTOR", problems } }]);
  }
}
