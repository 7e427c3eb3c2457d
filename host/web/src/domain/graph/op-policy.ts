import { durationMs } from "@bufbuild/protobuf/wkt";
import type { OpDefinition, RetryPolicy } from "@/gen/penstock/usercode/v1/body_pb";
import { formatDuration } from "@/lib/duration";

/** What an op has of policies, each with its name; empty for an op that runs once, for as long as it takes. */
export function opPolicies({ retry, timeout, priority }: OpDefinition): [name: string, text: string][] {
  const policies: [string, string][] = [];
  if (retry !== undefined) policies.push(["Retries", retryText(retry)]);
  if (timeout !== undefined) policies.push(["Time-out", `${formatDuration(durationMs(timeout))} for each attempt`]);
  if (priority !== 0) policies.push(["Priority", String(priority)]);
  return policies;
}

function retryText({ maxRetries, someErrors, delay, backoffMilli, maxDelay, jitterMilli }: RetryPolicy): string {
  const parts = [someErrors ? `${maxRetries}, after some errors` : String(maxRetries)];
  if (delay !== undefined) parts.push(`the first after ${formatDuration(durationMs(delay))}`);
  if (backoffMilli > 1000) parts.push(`each wait ${backoffMilli / 1000} times the one before`);
  if (maxDelay !== undefined) parts.push(`at most ${formatDuration(durationMs(maxDelay))}`);
  if (jitterMilli > 0) parts.push(`up to ${jitterMilli / 10} % less at random`);
  return parts.join(", ");
}
