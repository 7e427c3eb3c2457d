import { create } from "@bufbuild/protobuf";
import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { Check, RefreshCw } from "lucide-react";
import { Failure } from "@/domain/host/failure";
import { locationStateData } from "@/domain/location/location-state";
import { featureStateData } from "@/domain/metadata/feature-state";
import { RefusalView } from "@/domain/metadata/metadata-view";
import { ListLocationsResponseSchema, LocationService, type CapabilityDecision, type ListLocationsResponse, type Location } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { instantMs } from "@/lib/instant";
import { plural } from "@/lib/plural";
import { Badge, type StateLook } from "@/ui/badge";
import { Button } from "@/ui/button";
import { classNames } from "@/ui/class-names";
import { CopyText } from "@/ui/copy-button";
import { Note, Panel } from "@/ui/panel";
import { Callout } from "@/ui/states";
import { Facts } from "@/ui/table";
import { Ago } from "@/ui/time";
import styles from "./deployment.module.css";

/** All about one code location: how it is, who answers there, what it may do. */
export function LocationCard({ location, marked }: { location: Location; marked: boolean }) {
  const look = locationStateData(location.state);
  const reload = useReload(location.name);
  return (
    <div id={`location-${location.name}`} className={classNames(styles.anchor, marked && styles.marked)}>
      <Panel
        title={
          <span className={styles.title}>
            {location.name}
            <Badge look={look} />
          </span>
        }
        actions={
          <Button small icon={<RefreshCw size={12} aria-hidden />} disabled={reload.isPending} onClick={() => { reload.mutate({ name: location.name }); }}>
            {reload.isPending ? "Reloading…" : "Reload"}
          </Button>
        }
      >
        {reload.error !== null && (
          <div className={styles.trouble}>
            <Failure doing={`reload ${location.name}`} error={reload.error} />
          </div>
        )}
        {(location.error !== "" || look.trouble) && (
          <div className={styles.trouble}>
            <Callout tone={look.tone === "bad" ? "bad" : "warn"} title={look.meaning}>
              {location.error !== "" && <p>{location.error}</p>}
              {location.remedy !== "" && <p>{location.remedy}</p>}
            </Callout>
          </div>
        )}
        <div className={styles.columns}>
          <ServerFacts location={location} />
          <div className={styles.capabilities}>
            <h3 className={styles.sub}>What it may do here</h3>
            {location.capabilities.length === 0 && <Note>Nothing is known before it has answered.</Note>}
            {location.capabilities.map((decision) => (
              <Capability key={decision.capability} decision={decision} />
            ))}
          </div>
        </div>
      </Panel>
    </div>
  );
}

function ServerFacts({ location }: { location: Location }) {
  const { server } = location;
  const loaded = instantMs(location.loadedAt);
  const answered = instantMs(location.answeredAt);
  const started = instantMs(server?.startedAt);
  const sdk = [server?.sdk?.language, server?.sdk?.version, server?.sdk?.runtime].filter((part) => part !== undefined && part !== "").join(" · ");
  return (
    <Facts
      facts={[
        ["Address", <CopyText key="address" text={location.address} />],
        ["Protocol", server === undefined ? undefined : server.protocolVersion === "" ? <Note>not reported</Note> : <CopyText text={server.protocolVersion} />],
        ["SDK", sdk],
        ["Code version", server?.build === undefined || server.build.codeVersion === "" ? undefined : <CopyText text={server.build.codeVersion} />],
        ["Image", server?.build === undefined || server.build.image === "" ? undefined : <CopyText text={server.build.image} />],
        [
          "Repositories",
          location.repositories.length === 0 ? undefined : (
            <>
              {location.repositories.map((repository) => (
                <div key={repository.name}>
                  {repository.name}, {plural(repository.jobs, "job")}
                </div>
              ))}
            </>
          ),
        ],
        ["Last change", loaded === undefined ? undefined : <Ago ms={loaded} />],
        ["Answered", answered === undefined ? undefined : <Ago ms={answered} />],
        ["Started", started === undefined ? undefined : <Ago ms={started} />],
        ["Draining", server?.draining === true ? "yes: it takes no new runs" : undefined],
      ]}
    />
  );
}

const allowed: StateLook = { label: "Allowed", tone: "good", icon: Check };

function Capability({ decision }: { decision: CapabilityDecision }) {
  const { refusal } = decision;
  const look = refusal === undefined ? allowed : { ...featureStateData(decision.state), label: decision.state === FeatureState.REFUSED ? "Refused" : featureStateData(decision.state).label };
  return (
    <div>
      <div className={styles.capability}>
        <code>{decision.capability}</code>
        <Badge look={look} />
      </div>
      {refusal !== undefined && (
        <div style={{ marginTop: "0.35rem" }}>
          <RefusalView refusal={refusal} />
        </div>
      )}
    </div>
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
