import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, ListChecks, PencilLine, RotateCcw, RotateCw } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { paths } from "@/domain/paths";
import { canReexecute, makesSense } from "@/domain/run/reexecution";
import { ReexecutionStrategy, type Run } from "@/gen/penstock/host/v1/run_pb";
import { Button } from "@/ui/button";
import { Menu, type Action } from "@/ui/menu";

const ReexecuteDialog = lazy(() => import("./reexecute-dialog").then((module) => ({ default: module.ReexecuteDialog })));

/** Executes a run again: all of it, from its failure, some ops, or after it was edited; nothing for a run that goes on. */
export function ReexecuteMenu({ run, op }: {
  run: Run;
  /** Op that is chosen, to begin a selection with; empty for none. */
  op: string;
}) {
  const [asking, setAsking] = useState<ReexecutionStrategy>();
  const navigate = useNavigate();
  if (!canReexecute(run) && asking === undefined) return null;
  const { job } = run;
  const ask = (strategy: ReexecutionStrategy) => () => { setAsking(strategy); };
  const actions: Action[] = [
    { label: "All ops", icon: <RotateCw size={14} />, run: ask(ReexecutionStrategy.ALL) },
    ...(makesSense(ReexecutionStrategy.FROM_FAILURE, run) ? [{ label: "From failure", icon: <RotateCcw size={14} />, run: ask(ReexecutionStrategy.FROM_FAILURE) }] : []),
    { label: "Selected ops…", icon: <ListChecks size={14} />, run: ask(ReexecutionStrategy.SELECTED) },
    ...(job === undefined ? [] : [{ label: "Edit and re-execute…", icon: <PencilLine size={14} />, run: () => void navigate({ href: paths.reexecute(job, run.id) }) }]),
  ];
  return (
    <>
      <Menu
        target={
          <Button icon={<RotateCw size={14} aria-hidden />}>
            Re-execute <ChevronDown size={13} aria-hidden />
          </Button>
        }
        actions={actions}
      />
      {asking !== undefined && (
        <Suspense>
          <ReexecuteDialog key={asking} run={run} strategy={asking} op={op} onClose={() => { setAsking(undefined); }} />
        </Suspense>
      )}
    </>
  );
}
