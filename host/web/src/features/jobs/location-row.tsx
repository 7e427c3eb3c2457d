import { locationStateData } from "@/domain/location/location-state";
import { paths } from "@/domain/paths";
import type { Location } from "@/gen/penstock/host/v1/location_pb";
import { Badge } from "@/ui/badge";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import styles from "./job-rows.module.css";

/** A location's line above its jobs: how it is, and what to do when it is not well. */
export function LocationRow({ name, location }: { name: string; location: Location | undefined }) {
  const look = location === undefined ? undefined : locationStateData(location.state);
  const codeVersion = location?.server?.build?.codeVersion ?? "";
  return (
    <div className={styles.location}>
      <div className={styles.locationLine}>
        <h2>
          <Link href={paths.location(name)}>{name}</Link>
        </h2>
        {look !== undefined && <Badge look={look} />}
        {codeVersion !== "" && (
          <span className={styles.aside}>
            code version <code>{codeVersion}</code>
          </span>
        )}
      </div>
      {location !== undefined && location.error !== "" && (
        <Callout tone={look?.tone === "bad" ? "bad" : "warn"} title={look?.meaning}>
          <p>{location.error}</p>
          {location.remedy !== "" && <p>{location.remedy}</p>}
        </Callout>
      )}
    </div>
  );
}
