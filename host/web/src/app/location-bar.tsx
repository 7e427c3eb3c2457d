import { useLocations } from "@/domain/location/location-feed";
import { dismissNotice, locationNotices } from "@/domain/location/location-notice";
import { locationStateData } from "@/domain/location/location-state";
import { hostLost } from "@/domain/host/contact";
import { paths } from "@/domain/paths";
import { plural } from "@/lib/plural";
import { useValue } from "@/lib/value-store";
import { TextButton } from "@/ui/button";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import styles from "./shell.module.css";

/** Says that the host is gone, which code locations fail and what to do, and which were updated. */
export function LocationBar() {
  const { data } = useLocations();
  const notices = useValue(locationNotices);
  const failing = (data?.locations ?? []).filter((location) => locationStateData(location.state).trouble);
  const [first] = failing;
  const lost = useValue(hostLost);
  if (first === undefined && notices.length === 0 && !lost) return null;
  return (
    <div className={styles.messages}>
      {lost && (
        <Callout tone="bad" live>
          <div className={styles.messageLine}>
            <strong>The host does not answer</strong>
            <span>What you see may be old. The page tries again by itself.</span>
          </div>
        </Callout>
      )}
      {first !== undefined && (
        <Callout tone="warn" live>
          <div className={styles.messageLine}>
            <strong>
              {failing.length === 1
                ? `Code location ${first.name}: ${locationStateData(first.state).label.toLowerCase()}`
                : `${plural(failing.length, "code location")} need attention: ${failing.map((location) => location.name).join(", ")}`}
            </strong>
            {failing.length === 1 && <span>{first.remedy === "" ? first.error : first.remedy}</span>}
            <Link href={failing.length === 1 ? paths.location(first.name) : paths.deployment()}>Open Deployment</Link>
          </div>
        </Callout>
      )}
      {notices.map((notice) => (
        <Callout key={notice.location} tone="info" live>
          <div className={styles.messageLine}>
            <strong>Code location {notice.location} was updated</strong>
            <span>{notice.text}. This page shows the new definitions.</span>
            <TextButton onClick={() => { dismissNotice(notice.location); }}>Dismiss</TextButton>
          </div>
        </Callout>
      ))}
    </div>
  );
}
