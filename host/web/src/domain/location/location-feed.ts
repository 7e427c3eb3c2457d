import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { askAgain } from "@/lib/ask-again";
import { follow } from "@/lib/follow";
import { useValue } from "@/lib/value-store";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { ListLocationsResponseSchema, LocationService, type WatchLocationsResponse } from "@/gen/penstock/host/v1/location_pb";
import { RunService } from "@/gen/penstock/host/v1/run_pb";
import { findHost, loseHost, watchAnswers } from "@/domain/host/contact";
import { session } from "@/domain/host/session";
import { addNotice, dismissNotice, jobsMayDiffer, updateText } from "./location-notice";

/** All code locations; kept current by the feed. */
export function useLocations() {
  return useQuery(LocationService.method.listLocations, {}, { staleTime: Infinity });
}

// The feed tells of what changes for people. Which servers answer, and when they did last, is not part of that: it is asked
// for where it is shown, more seldom where there is much of it.
const restMs = 3_000;
const longRestMs = 30_000;
const manyLocations = 100;

/** All code locations with their servers as they are now: always, or only while a deploy or a drain is under way. */
export function useLocationServers(when: "always" | "during deploys") {
  return useQuery(LocationService.method.listLocations, {}, {
    staleTime: Infinity,
    refetchInterval: ({ state: { data, status } }) => {
      // While the host does not answer, contact.ts asks again.
      if (data === undefined || status === "error") return false;
      if (when === "during deploys" && !data.locations.some((location) => location.mixed || location.draining)) return false;
      return data.locations.length > manyLocations ? longRestMs : restMs;
    },
  });
}

/** Keeps locations current everywhere, and asks again for what depends on them. Used once, around all pages. */
export function useLocationFeed(): void {
  const transport = useTransport();
  const cache = useQueryClient();
  const { epoch } = useValue(session);
  useEffect(() => {
    const client = createClient(LocationService, transport);
    let begun = false;
    return follow({
      open: (signal) => {
        begun = false;
        return client.watchLocations({}, { signal });
      },
      onMessage: (message) => {
        // What was removed while nobody watched is not told: list again.
        findHost(cache);
        if (!begun) askAgain(cache, listKey());
        begun = true;
        applyMessage(cache, message);
      },
      onBreak: (error) => {
        if (ConnectError.from(error).code === Code.Unauthenticated) return false;
        loseHost(cache);
        // A list that fails says so on the page, and one that is answered tells that the host is back.
        askAgain(cache, listKey());
        return true;
      },
    });
  }, [transport, cache, epoch]);
  useEffect(() => watchAnswers(cache), [cache]);
}

// By its name: the service itself is script that only the page of a job's history needs.
const historyKey = ["connect-query", { serviceName: "penstock.host.v1.HistoryService" }];

function listKey() {
  return createConnectQueryKey({ schema: LocationService.method.listLocations, cardinality: "finite" });
}

function applyMessage(cache: QueryClient, { location, removed }: WatchLocationsResponse): void {
  if (location === undefined) return;
  let [known, differs] = [false, removed];
  if (removed) dismissNotice(location.name);
  cache.setQueriesData<unknown>({ queryKey: listKey() }, (list: unknown) => {
    if (!isList(list)) return list;
    known = true;
    const before = list.locations.find((other) => other.name === location.name);
    differs ||= jobsMayDiffer(before, location);
    const text = removed ? undefined : updateText(before, location);
    if (text !== undefined) addNotice({ location: location.name, text });
    const others = list.locations.filter((other) => other.name !== location.name);
    const locations = removed ? others : [...others, location].sort((a, b) => (a.name < b.name ? -1 : 1));
    return create(ListLocationsResponseSchema, { ...list, locations });
  });
  // An answer that set out before this change must not win over it.
  if (cache.isFetching({ queryKey: listKey() }) > 0) askAgain(cache, listKey());
  // Before there is a list nobody can tell whether it differs.
  if (known && !differs) return;
  askAgain(cache, createConnectQueryKey({ schema: JobService, cardinality: undefined }));
  askAgain(cache, historyKey);
  askAgain(cache, createConnectQueryKey({ schema: RunService.method.previewRun, cardinality: "finite" }));
}

function isList(value: unknown): value is ReturnType<typeof create<typeof ListLocationsResponseSchema>> {
  return typeof value === "object" && value !== null && "locations" in value;
}
