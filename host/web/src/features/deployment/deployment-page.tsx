import { useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Failure } from "@/domain/host/failure";
import { useLocationServers } from "@/domain/location/location-feed";
import { useWaitingRuns } from "@/domain/run/waiting-runs";
import { plural } from "@/lib/plural";
import { Button } from "@/ui/button";
import { Checkbox, SearchField } from "@/ui/field";
import { Page } from "@/ui/page";
import { Note, Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { CodeBlock } from "@/ui/table";
import styles from "./deployment.module.css";
import { AlertsPanel } from "./alerts-panel";
import { DoctorPanel } from "./doctor-panel";
import { HostPanel } from "./host-panel";
import { LocationCard } from "./location-card";
import { StoragePanel } from "./storage-panel";
import { findLocations } from "./find-locations";

// From so many locations on one looks for those that one means; so many cards are rendered at a time.
const fewLocations = 6;
const step = 30;

/** Code locations, and the host itself. */
export function DeploymentPage() {
  const { data, error, refetch } = useLocationServers("always");
  const waiting = useWaitingRuns();
  const { hash } = useLocation();
  const [text, setText] = useState("");
  const [onlyTrouble, setOnlyTrouble] = useState(false);
  const [count, setCount] = useState(step);
  const loaded = data !== undefined;
  useEffect(() => {
    if (loaded && hash !== "") document.getElementById(`location-${hash}`)?.scrollIntoView({ block: "start" });
  }, [loaded, hash]);
  const all = data?.locations ?? [];
  const found = findLocations(all, text, onlyTrouble);
  const shown = found.filter((location, index) => index < count || location.name === hash);
  return (
    <Page name="Deployment" title="Deployment">
      <div className={styles.stack}>
        <HostPanel />
        <StoragePanel />
        <AlertsPanel />
        <DoctorPanel />
        <h2 className={styles.heading}>Code locations</h2>
        {all.length >= fewLocations && (
          <div className={styles.find} role="search" aria-label="Find code locations">
            <SearchField aria-label="Name, address or version" placeholder="Name, address or version" value={text} onChange={(event) => { setText(event.target.value); }} />
            <Checkbox label="Only those that need attention" checked={onlyTrouble} onChange={setOnlyTrouble} />
            <Note>
              {found.length === all.length ? plural(all.length, "code location") : `${found.length} of ${plural(all.length, "code location")}`}
            </Note>
          </div>
        )}
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
        {all.length > 0 && found.length === 0 && (
          <Panel padded={false}>
            <Empty title={onlyTrouble ? "None of them needs attention" : "No code location is called that"} />
          </Panel>
        )}
        {shown.map((location) => (
          <LocationCard key={location.name} location={location} waiting={waiting} marked={hash === location.name} />
        ))}
        {found.length > shown.length && (
          <div>
            <Button onClick={() => { setCount(count + step); }}>Show {Math.min(step, found.length - shown.length)} more</Button>
          </div>
        )}
      </div>
    </Page>
  );
}
