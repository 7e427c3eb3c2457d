import { useQuery } from "@connectrpc/connect-query";
import { CircleCheck, CircleHelp, CircleX, Stethoscope, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { Failure } from "@/domain/host/failure";
import { isOlderHost } from "@/domain/host/host-error";
import { paths } from "@/domain/paths";
import { DiagnoseResponse_Level, HostService, type DiagnoseResponse_Check } from "@/gen/penstock/host/v1/host_pb";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { Badge, type StateLook } from "@/ui/badge";
import { Button, TextButton } from "@/ui/button";
import { Link } from "@/ui/link";
import { Note, Panel } from "@/ui/panel";
import { Empty, Loading } from "@/ui/states";
import { Ago } from "@/ui/time";
import styles from "./doctor.module.css";

const ok: StateLook = { label: "OK", tone: "good", icon: CircleCheck };
const warning: StateLook = { label: "Warning", tone: "warn", icon: TriangleAlert };
const bad: StateLook = { label: "Error", tone: "bad", icon: CircleX };
const unknown: StateLook = { label: "Unknown to this page", tone: "warn", icon: CircleHelp };

function levelLook(level: DiagnoseResponse_Level): StateLook {
  switch (level) {
    case DiagnoseResponse_Level.OK:
      return ok;
    case DiagnoseResponse_Level.WARNING:
      return warning;
    case DiagnoseResponse_Level.ERROR:
      return bad;
    default:
      return unknown;
  }
}

/** What the host finds wrong with itself and around it, or soon will, and what to do; the same as penstock doctor says. */
export function DoctorPanel() {
  const { data, error, isFetching, dataUpdatedAt, refetch } = useQuery(HostService.method.diagnose, {}, { staleTime: 60_000, retry: false });
  const [all, setAll] = useState(false);
  const older = isOlderHost(error);
  const checks = data?.checks ?? [];
  const wrong = checks.filter((check) => check.level !== DiagnoseResponse_Level.OK);
  const shown = all ? checks : wrong;
  return (
    <Panel
      title="Doctor"
      padded={false}
      actions={
        !older && (
          <>
            {data !== undefined && <span className={styles.when}>looked <Ago ms={dataUpdatedAt} /></span>}
            <Button small icon={<Stethoscope size={12} aria-hidden />} disabled={isFetching} onClick={() => void refetch()}>
              {isFetching ? "Looking…" : "Look again"}
            </Button>
          </>
        )
      }
    >
      {older && (
        <div className={styles.body}>
          <Note>This host is older than this page and does not look for what is wrong by itself.</Note>
        </div>
      )}
      {error !== null && !older && (
        <div className={styles.body}>
          <Failure doing="look for what is wrong" error={error} retry={() => void refetch()} />
        </div>
      )}
      {data === undefined && error === null && <Loading what="what the doctor says" />}
      {data !== undefined && checks.length === 0 && <Empty title="The host looked at nothing" />}
      {checks.length > 0 && (
        <>
          <p className={styles.summary} role="status">
            {wrong.length === 0 ? `Nothing is wrong: ${plural(checks.length, "check")} passed.` : `${wrong.length} of ${plural(checks.length, "check")} found something.`}{" "}
            {wrong.length < checks.length && (
              <TextButton aria-expanded={all} onClick={() => { setAll(!all); }}>
                {all ? "Only what needs attention" : "Show all"}
              </TextButton>
            )}
          </p>
          <ul aria-label="Checks">
            {shown.map((check, index) => (
              <CheckLine key={`${check.area} ${check.location} ${index}`} check={check} />
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function CheckLine({ check: { area, level, message, remedy, location } }: { check: DiagnoseResponse_Check }) {
  return (
    <li className={styles.check}>
      <span>
        <Badge look={levelLook(level)} />
      </span>
      <span className={styles.area}>{inertText(area)}</span>
      <div className={styles.words}>
        <p>{inertText(message)}</p>
        {remedy !== "" && <p className={styles.remedy}>{inertText(remedy)}</p>}
        {location !== "" && (
          <p>
            <Link href={paths.location(location)}>Code location {inertText(location)}</Link>
          </p>
        )}
      </div>
    </li>
  );
}
