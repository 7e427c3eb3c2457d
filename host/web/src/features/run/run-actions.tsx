import { create } from "@bufbuild/protobuf";
import { createConnectQueryKey, useMutation, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ban, Ellipsis, Trash2, Zap } from "lucide-react";
import { useState } from "react";
import { Failure } from "@/domain/host/failure";
import { paths, readRunView } from "@/domain/paths";
import { runStatusData } from "@/domain/run/run-status";
import { GetRunResponseSchema, RunService, type Run } from "@/gen/penstock/host/v1/run_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Menu } from "@/ui/menu";
import { askAgain } from "@/lib/ask-again";
import { useSearchParams } from "@/lib/search";
import { ReexecuteMenu } from "./reexecute-menu";

type Asking = "cancel" | "force" | "delete";

/** What can be done to a run; what ends or deletes something asks first. */
export function RunActions({ run }: { run: Run }) {
  const [asking, setAsking] = useState<Asking>();
  const status = runStatusData(run.status);
  const { op } = readRunView(useSearchParams());
  return (
    <>
      <ReexecuteMenu run={run} op={op} />
      {status.cancelable && run.status !== RunStatus.CANCELING && (
        <Button look="danger" icon={<Ban size={14} aria-hidden />} onClick={() => { setAsking("cancel"); }}>
          Cancel
        </Button>
      )}
      {run.status === RunStatus.CANCELING && (
        <Button look="danger" icon={<Zap size={14} aria-hidden />} onClick={() => { setAsking("force"); }}>
          End by force
        </Button>
      )}
      <Menu
        target={
          <IconButton label="More actions" look="plain">
            <Ellipsis size={15} />
          </IconButton>
        }
        actions={[
          { label: "End by force", icon: <Zap size={14} />, danger: true, disabled: !status.inProgress, run: () => { setAsking("force"); } },
          { label: "Delete the run", icon: <Trash2 size={14} />, danger: true, disabled: !status.final, run: () => { setAsking("delete"); } },
        ]}
      />
      {(asking === "cancel" || asking === "force") && <CancelDialog run={run} force={asking === "force"} onClose={() => { setAsking(undefined); }} />}
      {asking === "delete" && <DeleteDialog run={run} onClose={() => { setAsking(undefined); }} />}
    </>
  );
}

function CancelDialog({ run, force, onClose }: { run: Run; force: boolean; onClose: () => void }) {
  const cache = useQueryClient();
  const transport = useTransport();
  const cancel = useMutation(RunService.method.cancelRun, {
    onSuccess: ({ run: changed }) => {
      const queryKey = createConnectQueryKey({ schema: RunService.method.getRun, transport, input: { id: run.id }, cardinality: "finite" });
      if (changed !== undefined) cache.setQueryData(queryKey, create(GetRunResponseSchema, { run: changed }));
      // The run may have ended since, and its stream have said so before this answer came.
      askAgain(cache, queryKey);
      onClose();
    },
  });
  const waits = !runStatusData(run.status).inProgress;
  const label = force ? "End by force" : "Cancel the run";
  return (
    <Dialog
      title={force ? "End this run by force?" : "Cancel this run?"}
      opened
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it running</Button>
          <Button look="danger" disabled={cancel.isPending} data-autofocus onClick={() => { cancel.mutate({ id: run.id, force, reason: "asked for in the web UI" }); }}>
            {label}
          </Button>
        </>
      }
    >
      {force && <p>Its worker process is killed at once, without time to tidy up. What its ops have done already stays done.</p>}
      {!force && waits && <p>It waits in the queue and leaves it. Nothing of it has run.</p>}
      {!force && !waits && <p>Its ops are told to stop and get some time for that; then the process is killed. What they have done already stays done.</p>}
      {cancel.error !== null && <Failure doing="cancel the run" error={cancel.error} />}
    </Dialog>
  );
}

function DeleteDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation(RunService.method.deleteRun, {
    onSuccess: () => {
      askAgain(cache, createConnectQueryKey({ schema: RunService.method.listRuns, cardinality: "finite" }));
      void navigate({ href: run.job === undefined ? paths.runs() : paths.jobRuns(run.job), replace: true });
    },
  });
  return (
    <Dialog
      title="Delete this run?"
      opened
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => { remove.mutate({ id: run.id }); }}>
            Delete the run
          </Button>
        </>
      }
    >
      <p>The run, its events and its logs are deleted for everybody. This cannot be undone. What its ops have done stays done.</p>
      {remove.error !== null && <Failure doing="delete the run" error={remove.error} />}
    </Dialog>
  );
}
