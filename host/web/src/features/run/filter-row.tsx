import type { OpGroup } from "@/domain/run/op-groups";
import { opStateLook, opStates, type OpState } from "@/domain/run/op-outcome";
import { Button } from "@/ui/button";
import { SearchField, Select } from "@/ui/field";
import { allInstances, type InstanceFilter } from "./chart-rows";
import styles from "./gantt.module.css";

/** Chooses which instances of a mapped op are listed: by a text of their key, by their state. */
export function FilterRow({ group, filter, found, onFilter }: {
  group: OpGroup;
  filter: InstanceFilter;
  /** How many it lets through. */
  found: number;
  onFilter: (filter: InstanceFilter) => void;
}) {
  const failed = group.counts.get("failed") ?? 0;
  const listed = group.instances.length;
  return (
    <div className={styles.filter} role="cell">
      <SearchField aria-label={`Find an instance of ${group.path}`} placeholder="Find an instance" value={filter.text} onChange={(event) => { onFilter({ ...filter, text: event.target.value }); }} />
      <Select
        aria-label={`State of the instances of ${group.path}`}
        value={filter.state ?? ""}
        onChange={(event) => { onFilter({ ...filter, state: event.target.value === "" ? undefined : (event.target.value as OpState) }); }}
      >
        <option value="">all states</option>
        {opStates
          .filter((state) => state === filter.state || (group.counts.get(state) ?? 0) > 0)
          .map((state) => (
            <option key={state} value={state}>
              {opStateLook(state).label}
            </option>
          ))}
      </Select>
      {failed > 0 && filter.state !== "failed" && (
        <Button small onClick={() => { onFilter({ ...filter, state: "failed" }); }}>
          {failed.toLocaleString("en")} failed
        </Button>
      )}
      <span className={styles.count} role="status">
        {found === listed ? `${listed.toLocaleString("en")} listed` : `${found.toLocaleString("en")} of ${listed.toLocaleString("en")}`}
      </span>
      {found === 0 && listed > 0 && (
        <Button small onClick={() => { onFilter(allInstances); }}>
          Show all
        </Button>
      )}
    </div>
  );
}
