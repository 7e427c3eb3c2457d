import { create } from "@bufbuild/protobuf";
import { createConnectQueryKey, useMutation, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { editor } from "@/domain/host/editor-name";
import type { TagText } from "@/domain/run/tag";
import { GetRunResponseSchema, RunService, type Run } from "@/gen/penstock/host/v1/run_pb";
import { RunTagService } from "@/gen/penstock/host/v1/runtag_pb";
import { askAgain } from "@/lib/ask-again";
import { randomId } from "@/lib/random-id";

/** A change of a run's tags. */
export interface TagEditing {
  set: TagText[];
  remove: string[];
}

/** Changes a run's tags, and shows them. Asking again for the same change after an error cannot make it twice. */
export function useTagEdit(run: Pick<Run, "id">, onDone: () => void) {
  const cache = useQueryClient();
  const transport = useTransport();
  const request = useRef({ text: "", id: "" });
  const { mutate, isPending, error, variables, reset } = useMutation(RunTagService.method.editRunTags, {
    onSuccess: ({ run: changed }) => {
      request.current = { text: "", id: "" };
      const queryKey = createConnectQueryKey({ schema: RunService.method.getRun, transport, input: { id: run.id }, cardinality: "finite" });
      if (changed !== undefined) cache.setQueryData(queryKey, create(GetRunResponseSchema, { run: changed }));
      // The run may have gone on since, and its stream have said so before this answer came.
      askAgain(cache, queryKey);
      askAgain(cache, createConnectQueryKey({ schema: RunTagService.method.listRunTagChanges, cardinality: "finite" }));
      onDone();
    },
  });
  const save = (edit: TagEditing) => {
    const text = JSON.stringify([run.id, edit]);
    if (request.current.text !== text) request.current = { text, id: randomId() };
    mutate({ requestId: request.current.id, runId: run.id, edit, by: editor() });
  };
  return { save, isPending, error, asked: variables?.edit, reset };
}
