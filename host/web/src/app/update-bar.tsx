import { useParams } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { hostLost } from "@/domain/host/contact";
import { useConfigFile } from "@/domain/host/use-config-file";
import type { JobNameText } from "@/domain/job/job-name";
import { dismiss, dismissedCauses, findCauses, forgetGone, sumUp, type CauseKind, type Message } from "@/domain/location/cause";
import { useLocationServers } from "@/domain/location/location-feed";
import { locationNotices } from "@/domain/location/location-notice";
import { paths } from "@/domain/paths";
import { useValue } from "@/lib/value-store";
import { TextButton } from "@/ui/button";
import { classNames } from "@/ui/class-names";
import { Link } from "@/ui/link";
import { Callout } from "@/ui/states";
import styles from "./shell.module.css";

/** Says what the reader should know on any page: that the host is gone, and what happens to code locations. */
export function UpdateBar() {
  const { data } = useLocationServers("during deploys");
  const config = useConfigFile();
  const notices = useValue(locationNotices);
  const dismissed = useValue(dismissedCauses);
  const lost = useValue(hostLost);
  const loaded = data !== undefined;
  const causes = useMemo(() => findCauses(data?.locations ?? [], config, notices), [data, config, notices]);
  useEffect(() => {
    if (loaded) forgetGone(causes);
  }, [loaded, causes]);
  const messages = sumUp(causes.filter((cause) => !dismissed.includes(cause.key)));
  return (
    <div className={classNames((lost || messages.length > 0) && styles.someMessages)}>
      {lost && (
        <div className={styles.messageList}>
          <Callout tone="bad" live>
            <div className={styles.messageLine}>
              <strong>The host does not answer</strong>
              <span>What you see may be old. The page tries again by itself.</span>
            </div>
          </Callout>
        </div>
      )}
      {/* Always there, so that what appears in it is read aloud; only what is new of it. */}
      <div role="status" aria-atomic={false} className={styles.messageList}>
        {messages.map((message) => (
          <MessageBox key={message.kind} message={message} />
        ))}
      </div>
    </div>
  );
}

const tones: Record<CauseKind, "bad" | "warn" | "info"> = { config: "bad", failing: "warn", draining: "warn", mixed: "info", updated: "info" };

function MessageBox({ message }: { message: Message }) {
  return (
    <Callout tone={tones[message.kind]}>
      <div className={styles.messageLine}>
        <strong>{message.title}</strong>
        <span>{message.text}</span>
        {message.remedy !== "" && <span>{message.remedy}</span>}
        <span className={styles.messageActions}>
          <MessageLinks message={message} />
          <TextButton aria-label={`Dismiss: ${message.title}`} onClick={() => { dismiss(message.causes); }}>
            Dismiss
          </TextButton>
        </span>
      </div>
    </Callout>
  );
}

function MessageLinks({ message: { kind, causes } }: { message: Message }) {
  const job = useShownJob();
  const [first] = causes;
  const one = causes.length === 1 && first !== undefined && first.location !== "";
  return (
    <>
      {kind === "updated" && job !== undefined && causes.some((cause) => cause.location === job.location) && (
        <Link href={paths.jobHistory(job)}>What changed in {job.job}</Link>
      )}
      <Link href={one ? paths.location(first.location) : paths.deployment()}>Open Deployment</Link>
    </>
  );
}

// The job whose page is open.
function useShownJob(): JobNameText | undefined {
  const { location, repository, job } = useParams({ strict: false });
  if (location === undefined || repository === undefined || job === undefined) return undefined;
  return { location, repository, job };
}
