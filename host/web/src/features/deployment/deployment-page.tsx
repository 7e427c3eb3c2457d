import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { Failure } from "@/domain/host/failure";
import { useLocations } from "@/domain/location/location-feed";
import { Page } from "@/ui/page";
import { Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import styles from "./deployment.module.css";
import { HostPanel } from "./host-panel";
import { LocationCard } from "./location-card";

/** Code locations, and the host itself. */
export function DeploymentPage() {
  const { data, error, refetch } = useLocations();
  const { hash } = useLocation();
  const loaded = data !== undefined;
  useEffect(() => {
    if (loaded && hash !== "") document.getElementById(`location-${hash}`)?.scrollIntoView({ block: "start" });
  }, [loaded, hash]);
  return (
    <Page name="Deployment" title="Deployment">
      <div className={styles.stack}>
        <HostPanel />
        <h2 className={styles.heading}>Code locations</h2>
        {error !== null && <Failure doing="list code locations" error={error} retry={() => void refetch()} />}
        {data === undefined && error === null && <Loading what="code locations" />}
        {data?.locations.length === 0 && (
          <Panel padded={false}>
            <Empty title="No code location yet">
              <p>A code location is a team&apos;s user-code server. Start one, and tell the host its address:</p>
              <CodeBlock label="Commands" text={"./my-jobs serve --listen 127.0.0.1:4266\npenstock serve --data DIR --location my-jobs=127.0.0.1:4266"} />
            </Empty>
          </Panel>
        )}
        {data?.locations.map((location) => (
          <LocationCard key={location.name} location={location} marked={hash === location.name} />
        ))}
      </div>
    </Page>
  );
}
