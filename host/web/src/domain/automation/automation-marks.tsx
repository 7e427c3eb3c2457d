import { History, Trash2, TriangleAlert } from "lucide-react";
import type { Automation } from "@/gen/penstock/host/v1/automation_pb";
import { inertText } from "@/lib/inert-text";
import { instantMs } from "@/lib/instant";
import { Badge, type StateLook } from "@/ui/badge";
import { Callout } from "@/ui/states";
import { Ago } from "@/ui/time";

const gone: StateLook = { label: "Removed by a deploy", tone: "warn", icon: Trash2 };
const stale: StateLook = { label: "Stale", tone: "warn", icon: History };
const trouble: StateLook = { label: "Makes no ticks", tone: "bad", icon: TriangleAlert };

/** What is not as it should be, as badges. */
export function AutomationMarks({ automation }: { automation: Automation }) {
  return (
    <>
      {automation.goneSince !== undefined && <Badge look={gone} />}
      {automation.stale && <Badge look={stale} />}
      {automation.problem !== "" && automation.goneSince === undefined && <Badge look={trouble} />}
    </>
  );
}

/** What is not as it should be, in words, with what to do. */
export function AutomationProblem({ automation: { goneSince, stale: isStale, problem, remedy } }: { automation: Automation }) {
  const since = instantMs(goneSince);
  if (since !== undefined) {
    return (
      <Callout tone="warn" title="A deploy removed its definition">
        <p>
          That was <Ago ms={since} />. It makes no ticks; its history stays, and it goes on as it is switched when a deploy brings it back.
        </p>
      </Callout>
    );
  }
  if (problem === "" && !isStale) return null;
  return (
    <Callout tone={problem === "" ? "warn" : "bad"} title={problem === "" ? "Its code location does not answer: this is the last that is known of it" : inertText(problem)}>
      {remedy !== "" && <p>{inertText(remedy)}</p>}
    </Callout>
  );
}
