import { RefusalView } from "@/domain/metadata/metadata-view";
import { paths } from "@/domain/paths";
import type { Refusal } from "@/gen/penstock/host/v1/refusal_pb";
import { Link } from "@/ui/link";
import { Section } from "@/ui/panel";

/** What the gate refuses: a location whose schedules, sensors or partitions are not shown is never shown as one without any. */
export function RefusedAutomation({ refusals }: { refusals: readonly Refusal[] }) {
  return refusals.map((refusal) => (
    <Section
      key={`${refusal.location} ${refusal.capability}`}
      title={
        <>
          {refusedTitle(refusal)} of {refusal.location} not shown
        </>
      }
      actions={<Link href={paths.location(refusal.location)}>Open Deployment</Link>}
    >
      <RefusalView refusal={refusal} brief />
    </Section>
  ));
}

function refusedTitle({ capability }: Refusal): string {
  return capability.slice(0, 1).toUpperCase() + capability.slice(1);
}
