import { instantMs } from "@/lib/instant";
import type { Run } from "@/gen/penstock/host/v1/run_pb";
import { Elapsed, Instant } from "@/ui/time";

/** How long a run has waited for its code, and what ends that. */
export function WaitingTime({ run }: { run: Run }) {
  const since = instantMs(run.waitingSince);
  const until = instantMs(run.waitsUntil);
  if (since === undefined) return null;
  return (
    <>
      Has waited for <Elapsed from={since} />.{" "}
      {until === undefined ? (
        "It waits until its code is there."
      ) : (
        <>
          It fails at <Instant ms={until} /> if its code is not there by then.
        </>
      )}
    </>
  );
}
