import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { paths } from "@/domain/paths";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { randomId } from "@/lib/random-id";
import type { Draft } from "./draft";

/** Launches a draft and opens its run. Asking again for the same draft after an error cannot make a second run. */
export function useLaunch(name: JobNameText, draft: Draft, definitionDigest: Uint8Array) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const request = useRef({ draft, id: "" });
  const launch = useMutation(RunService.method.launchRun, {
    onSuccess: ({ run }) => {
      request.current.id = "";
      if (run !== undefined) void navigate({ href: paths.run(run.id) });
    },
    // The job may have changed meanwhile: what it is now shows what to do.
    onError: () => void cache.invalidateQueries({ queryKey: createConnectQueryKey({ schema: JobService.method.getJob, cardinality: "finite" }) }),
  });
  const start = () => {
    if (request.current.id === "" || request.current.draft !== draft) request.current = { draft, id: randomId() };
    launch.mutate({
      requestId: request.current.id,
      job: formatJobName(name),
      configYaml: draft.config,
      tags: draft.tags,
      opSelection: draft.ops,
      definitionDigest,
    });
  };
  return { start, isPending: launch.isPending, error: launch.error };
}
