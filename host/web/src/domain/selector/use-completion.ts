import { callUnaryMethod, createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { SearchService, type CompleteSelectorResponse, type SelectorSubject } from "@/gen/penstock/host/v1/runfilter_pb";
import type { Problem } from "@/gen/penstock/host/v1/problem_pb";
import { useDebounced } from "@/lib/debounced";

const restMs = 120;
const most = 25;

/** What may stand at a place of a text. */
export interface Completion extends Pick<CompleteSelectorResponse, "from" | "to" | "suggestions" | "more"> {
  /** The text that was asked about. */
  text: string;
}

/** What may stand at a place of a selector, asked for once the text has rested for a moment; until then what was said of the text before. */
export function useCompletion(text: string, cursor: number, subject: SelectorSubject, enabled: boolean): Completion | undefined {
  const asked = JSON.parse(useDebounced(JSON.stringify([text, cursor]), restMs)) as [string, number];
  const { data } = useQuery(SearchService.method.completeSelector, { text: asked[0], cursor: asked[1], limit: most, subject }, { enabled, retry: false });
  const [last, setLast] = useState<{ data: CompleteSelectorResponse; text: string }>();
  if (data !== undefined && data !== last?.data) setLast({ data, text: asked[0] });
  const said = data === undefined ? last : { data, text: asked[0] };
  return said === undefined ? undefined : { ...said.data, text: said.text };
}

/** Asks what is wrong with a selector; undefined when nothing is, or when the host does not say. */
export function useSelectorCheck(subject: SelectorSubject): (text: string) => Promise<Problem | undefined> {
  const transport = useTransport();
  const cache = useQueryClient();
  return async (text) => {
    const input = { text, cursor: Array.from(text).length, limit: 1, subject };
    const queryKey = createConnectQueryKey({ schema: SearchService.method.completeSelector, transport, input, cardinality: "finite" });
    try {
      const answer = await cache.query({ queryKey, queryFn: ({ signal }) => callUnaryMethod(transport, SearchService.method.completeSelector, input, { signal }), retry: false });
      return answer.problem;
    } catch {
      // Whoever applies the selector is told what is wrong.
      return undefined;
    }
  };
}
