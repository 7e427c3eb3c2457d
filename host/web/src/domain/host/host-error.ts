import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema, type Problem } from "@/gen/penstock/host/v1/problem_pb";

/** An error of the host, as people see it. */
export interface HostError {
  code: Code;
  /** Machine-readable, for example JOB_NOT_FOUND; empty when the host gave none. */
  reason: string;
  message: string;
  /** What to do; empty when the message says it all. */
  remedy: string;
  problems: Problem[];
}

/** Reads what a call failed with; anything may be thrown at it. */
export function readHostError(thrown: unknown): HostError {
  const error = ConnectError.from(thrown);
  const [detail] = error.findDetails(ErrorDetailSchema);
  return {
    code: error.code,
    reason: detail?.reason ?? "",
    message: messageOf(error),
    remedy: detail?.remedy ?? remedyOf(error.code, detail === undefined),
    problems: detail?.problems ?? [],
  };
}

/** Whether the host does not know the call at all, because it is older than this page. */
export function isOlderHost(thrown: unknown): boolean {
  return thrown !== null && thrown !== undefined && ConnectError.from(thrown).code === Code.Unimplemented;
}

function messageOf(error: ConnectError): string {
  if (isUnreachable(error)) return "The host does not answer.";
  return error.rawMessage === "" ? `The host answered with the error ${Code[error.code]}.` : error.rawMessage;
}

function remedyOf(code: Code, silent: boolean): string {
  if (silent && (code === Code.Unavailable || code === Code.Unknown)) {
    return "Is penstock serve running, and can this browser reach it? The page tries again by itself.";
  }
  return "";
}

// A fetch that found nobody is a TypeError, which connect-web turns into an error without details.
function isUnreachable(error: ConnectError): boolean {
  return error.cause instanceof TypeError;
}
