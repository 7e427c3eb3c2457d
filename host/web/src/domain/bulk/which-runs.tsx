import { inertText } from "@/lib/inert-text";
import type { RunSelection } from "@/domain/run/run-list";
import { runStatusData } from "@/domain/run/run-status";
import styles from "./bulk-dialog.module.css";

/** Says which runs a selection means: the field for the selector may hold another text by now. */
export function WhichRuns({ selection: { where, statuses, job } }: { selection: RunSelection }) {
  const every = where === "" && statuses.length === 0 && job === "";
  return (
    <p className={styles.which}>
      {every ? "It is about every run that there is" : "It is about all runs"}
      {job !== "" && (
        <>
          {" of "}
          <code>{inertText(job)}</code>
        </>
      )}
      {where !== "" && (
        <>
          {" that "}
          <code>{inertText(where)}</code>
          {" selects"}
        </>
      )}
      {statuses.length > 0 && `, with the status ${statuses.map((status) => runStatusData(status).label).join(" or ")}`}.
    </p>
  );
}
