import { KeyRound, Layers, Rocket, X } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { formatJobName, type JobNameText } from "@/domain/job/job-name";
import { isDynamic } from "@/domain/partition/partition-dimension";
import { wholeKey } from "@/domain/partition/partition-key";
import { countPicked, rangesOf, type Span } from "@/domain/partition/picked-rows";
import { paths, type PartitionsView } from "@/domain/paths";
import type { PartitionsDefinition } from "@/gen/penstock/usercode/v1/automation_pb";
import { plural } from "@/lib/plural";
import { Button } from "@/ui/button";
import { ButtonLink, Link } from "@/ui/link";
import styles from "./partitions.module.css";

const BackfillDialog = lazy(() => import("./backfill-dialog").then((module) => ({ default: module.BackfillDialog })));
const PartitionKeysDialog = lazy(() => import("./partition-keys-dialog").then((module) => ({ default: module.PartitionKeysDialog })));

/** What is selected, and what can be done with it. */
export function PartitionActions({ name, definition, view, keys, spans, ready, onClear }: {
  name: JobNameText;
  definition: PartitionsDefinition;
  view: PartitionsView;
  keys: readonly string[];
  spans: readonly Span[];
  /** All that is selected is loaded. */
  ready: boolean;
  onClear: () => void;
}) {
  const [open, setOpen] = useState<"backfill" | "keys">();
  const close = () => { setOpen(undefined); };
  const count = countPicked(spans);
  const picked = spans.flatMap(([from, to]) => keys.slice(from, to + 1));
  // Of keys that are searched for, a range would have others between them.
  const exact = view.second !== "" || view.prefix !== "";
  const selection = !exact || (view.second === "" && definition.dimensions.length > 1)
    ? { ranges: exact ? picked.map((key) => ({ from: key, to: key })) : rangesOf(spans, keys, view.newestFirst) }
    : { keys: picked.map((key) => wholeKey(key, view.second)) };
  const [one = ""] = picked;
  const alone = count === 1 && (definition.dimensions.length === 1 || view.second !== "");
  const dynamic = definition.dimensions.filter(isDynamic).map((dimension) => dimension.name);
  return (
    <div className={styles.tools}>
      <span role="status">{ready ? (count === 0 ? "None selected" : `${plural(count, "row")} selected`) : "Loading what is selected…"}</span>
      {count > 0 && (
        <Button small look="quiet" icon={<X size={12} aria-hidden />} onClick={onClear}>
          Clear
        </Button>
      )}
      <span className={styles.actions}>
        <Link href={paths.backfills({ job: formatJobName(name) })}>Its backfills</Link>
        {dynamic.length > 0 && (
          <Button icon={<KeyRound size={14} aria-hidden />} onClick={() => { setOpen("keys"); }}>
            Add or remove keys…
          </Button>
        )}
        {alone && (
          <ButtonLink href={paths.launchpad(name, "", wholeKey(one, view.second))} icon={<Rocket size={14} aria-hidden />}>
            Launch this one
          </ButtonLink>
        )}
        <Button look="primary" icon={<Layers size={14} aria-hidden />} aria-disabled={!ready} onClick={() => { if (ready) setOpen("backfill"); }}>
          Launch backfill…
        </Button>
      </span>
      <Suspense>
        {open === "backfill" && <BackfillDialog job={formatJobName(name)} count={count} selection={selection} onClose={close} />}
        {open === "keys" && <PartitionKeysDialog job={formatJobName(name)} dimensions={dynamic} picked={dynamic[0] === definition.dimensions[0]?.name ? picked : []} onClose={close} />}
      </Suspense>
    </div>
  );
}
