import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import type { Launch } from "@/domain/run/use-launch";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import type { Draft } from "./draft";

/** The launch that a draft stands for. */
export function launchOf(name: JobNameText, { config, tags, ops, inputsFrom, partition, parent }: Draft): Launch {
  if (parent === undefined) return { job: formatJobName(name), configYaml: config, tags, opSelection: ops, inputsFrom, partition };
  const { id, strategy, withoutTags } = parent;
  // Without the job: a host that knows nothing of re-execution must refuse this, not launch the job anew.
  return {
    configYaml: config,
    tags,
    opSelection: strategy === ReexecutionStrategy.SELECTED ? ops : "",
    reexecution: { runId: id, strategy, keepTags: true, withoutTags },
  };
}
