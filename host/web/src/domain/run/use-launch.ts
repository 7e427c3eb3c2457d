import type { MessageInitShape } from "@bufbuild/protobuf";
import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { paths } from "@/domain/paths";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { RunService, type LaunchRunRequestSchema } from "@/gen/penstock/host/v1/run_pb";
import { askAgain } from "@/lib/ask-again";
import { useDebounced } from "@/lib/debounced";
import { randomId } from "@/lib/random-id";

/** A launch, without the id of its request. */
export type Launch = Omit<Exclude<MessageInitShape<typeof LaunchRunRequestSchema>, { $typeName: string }>, "requestId">;

const restMs = 250;

/** What a launch would do, or all that is wrong with it; asked once the launch has rested for a moment. */
export function usePreview(launch: Launch) {
  const text = JSON.stringify(launch);
  const rested = useDebounced(text, restMs);
  const asked = useMemo(() => JSON.parse(rested) as Launch, [rested]);
  const { data, error, isFetching } = useQuery(RunService.method.previewRun, { launch: asked }, { placeholderData: keepPreviousData, staleTime: 0 });
  return { data, error, isChecking: isFetching || rested !== text };
}

/** Launches a run and opens it. Asking again for the same launch after an error cannot make a second run. */
export function useLaunch(launch: Launch, definitionDigest: Uint8Array) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const request = useRef({ text: "", id: "" });
  const { mutate, isPending, error } = useMutation(RunService.method.launchRun, {
    onSuccess: ({ run }) => {
      request.current.id = "";
      if (run !== undefined) void navigate({ href: paths.run(run.id) });
    },
    // The job may have changed meanwhile: what it is now shows what to do.
    onError: () => { askAgain(cache, createConnectQueryKey({ schema: JobService.method.getJob, cardinality: "finite" })); },
  });
  const start = () => {
    const text = JSON.stringify(launch);
    if (request.current.id === "" || request.current.text !== text) request.current = { text, id: randomId() };
    mutate({ requestId: request.current.id, ...launch, definitionDigest });
  };
  return { start, isPending, error };
}
