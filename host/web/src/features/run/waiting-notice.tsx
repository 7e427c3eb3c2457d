import { CornerUpRight } from "lucide-react";
import { WaitingTime } from "@/domain/run/waiting-time";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Button } from "@/ui/button";

/** How long a run has waited for its code, what ends that, and what can be done. */
export function WaitingNotice({ run, onRepoint }: { run: Run; onRepoint: () => void }) {
  return (
    <>
      <p>
        <WaitingTime run={run} />
      </p>
      <div>
        <Button small icon={<CornerUpRight size={12} aria-hidden />} onClick={onRepoint}>
          Re-point to another job…
        </Button>
      </div>
    </>
  );
}
