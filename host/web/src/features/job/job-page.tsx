import { Code } from "@connectrpc/connect";
import { Outlet, useLocation } from "@tanstack/react-router";
import { Rocket } from "lucide-react";
import { Failure } from "@/domain/host/failure";
import { formatJobName } from "@/domain/job/job-name";
import { useJob, useJobParams } from "@/domain/job/use-job";
import { useLocations } from "@/domain/location/location-feed";
import { locationStateData } from "@/domain/location/location-state";
import { paths } from "@/domain/paths";
import { Badge } from "@/ui/badge";
import { CopyButton } from "@/ui/copy-button";
import { ButtonLink, Link } from "@/ui/link";
import { Page, Tabs } from "@/ui/page";
import { Callout, Loading } from "@/ui/states";
import { Gone } from "./gone";
import styles from "./job-page.module.css";

/** A job: its header and tabs; the tab below. */
export function JobPage() {
  const name = useJobParams();
  const { pathname } = useLocation();
  const { data, error, refetch } = useJob(name);
  const locations = useLocations();
  const location = locations.data?.locations.find((each) => each.name === name.location);
  const look = location === undefined ? undefined : locationStateData(location.state);
  const tabs = [
    { href: paths.job(name), label: "Overview" },
    { href: paths.launchpad(name), label: "Launchpad" },
    { href: paths.jobRuns(name), label: "Runs" },
    // Refused is not the same as none.
    ...(data?.job?.definition?.partitions !== undefined || data?.job?.partitionsRefusal !== undefined ? [{ href: paths.jobPartitions(name), label: "Partitions" }] : []),
    { href: paths.jobHistory(name), label: "History" },
  ].map((tab) => ({ ...tab, current: pathname.replace(/\/$/, "") === new URL(tab.href, window.location.origin).pathname }));
  const onLaunchpad = tabs[1]?.current === true;
  // A job that is gone has runs and a history all the same.
  const onPast = tabs.some((tab) => tab.current && (tab.label === "Runs" || tab.label === "History"));
  const gone = error?.code === Code.NotFound;
  return (
    <Page
      name={name.job}
      above={
        <>
          <Link href={paths.location(name.location)}>{name.location}</Link> / <span>{name.repository}</span>
          {look?.trouble === true && <Badge look={look} />}
        </>
      }
      title={
        <>
          {name.job}
          <CopyButton text={formatJobName(name)} label="Copy the job's whole name" />
        </>
      }
      actions={
        onLaunchpad || gone ? undefined : (
          <ButtonLink look="primary" href={paths.launchpad(name)} icon={<Rocket size={14} aria-hidden />}>
            Launch
          </ButtonLink>
        )
      }
    >
      <Tabs label="Job" tabs={tabs} />
      <div className={styles.page}>
        {error !== null && <Failure doing={`${gone ? "find" : "load"} the job ${name.job}`} error={error} retry={() => void refetch()} />}
        {gone && <Gone name={name} />}
        {data === undefined && error === null && !onPast && <Loading what="the job" />}
        {data?.job?.warnings.map((warning) => (
          <Callout key={warning} tone="warn">
            {warning}
          </Callout>
        ))}
        {(data?.job !== undefined || onPast) && <Outlet />}
      </div>
    </Page>
  );
}
