import { create } from "@bufbuild/protobuf";
import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { Failure } from "@/domain/host/failure";
import { locationStateData } from "@/domain/location/location-state";
import { WaitingJobs } from "@/domain/run/waiting-jobs";
import type { WaitingRuns } from "@/domain/run/waiting-runs";
import { ListLocationsResponseSchema, LocationService, type ListLocationsResponse, type Location } from "@/gen/penstock/host/v1/location_pb";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class-names";
import { CopyText } from "@/ui/copy-button";
import { Panel } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { Facts } from "@/ui/table";
import { Elapsed, Instant } from "@/ui/time";
import { CapabilityList } from "./capability-list";
import styles from "./deployment.module.css";
import { LocationFacts } from "./location-facts";
import { drainingLook, mixedLook, ReplicaTable } from "./replica-table";

/** All about one code location: how it is, who answers there, what it may do, what waits for it. */
export function LocationCard({ location, waiting, marked }: { location: Location; waiting: WaitingRuns; marked: boolean }) {
  const look = locationStateData(location.state);
  const since = instantMs(location.errorSince);
  const reload = useReload(location.name);
  const failing = location.error !== "" || look.trouble;
  return (
    <div id={`location-${location.name}`} className={classNames(styles.anchor, marked && styles.marked)}>
      <Panel
        title={
          <span className={styles.title}>
            {location.name}
            <Badge look={look} />
            {failing && since !== undefined && (
              <span className={styles.age}>
                for <Elapsed from={since} />
              </span>
            )}
            {location.mixed && <Badge look={mixedLook} />}
            {location.draining && <Badge look={drainingLook} />}
          </span>
        }
        actions={
          <Button small icon={<RefreshCw size={12} aria-hidden />} disabled={reload.isPending} onClick={() => { reload.mutate({ name: location.name }); }}>
            {reload.isPending ? "Reloading…" : "Reload"}
          </Button>
        }
      >
        <div className={styles.messages}>
          {reload.error !== null && <Failure doing={`reload ${location.name}`} error={reload.error} />}
          {failing && <Trouble location={location} />}
          {location.draining && (
            <Callout tone="warn" title="Every server here drains: nothing is started until another one answers.">
              <p>Runs that go on are waited for. Runs in the queue wait, and are not lost.</p>
            </Callout>
          )}
          {location.notices.map((notice) => (
            <Callout key={notice} tone="info">
              {inertText(notice)}
            </Callout>
          ))}
        </div>
        <div className={styles.columns}>
          <LocationFacts location={location} />
          <CapabilityList capabilities={location.capabilities} />
        </div>
        <ReplicaTable location={location} />
        <WaitingJobs waiting={waiting} location={location.name} />
      </Panel>
    </div>
  );
}

function Trouble({ location }: { location: Location }) {
  const look = locationStateData(location.state);
  const since = instantMs(location.errorSince);
  return (
    <Callout tone={look.tone === "bad" ? "bad" : "warn"} title={look.meaning}>
      {location.error !== "" && <p>{inertText(location.error)}</p>}
      {location.remedy !== "" && <p>{inertText(location.remedy)}</p>}
      <Facts
        facts={[
          ["Code", location.errorCode === "" ? undefined : <CopyText text={location.errorCode} />],
          ["Since", since === undefined ? undefined : <Instant ms={since} />],
        ]}
      />
    </Callout>
  );
}

function useReload(name: string) {
  const cache = useQueryClient();
  return useMutation(LocationService.method.reloadLocation, {
    onSuccess: ({ location }) => {
      if (location === undefined) return;
      const queryKey = createConnectQueryKey({ schema: LocationService.method.listLocations, cardinality: "finite" });
      cache.setQueriesData<ListLocationsResponse>({ queryKey }, (list) =>
        list === undefined ? list : create(ListLocationsResponseSchema, { ...list, locations: list.locations.map((each) => (each.name === name ? location : each)) }),
      );
    },
  });
}
