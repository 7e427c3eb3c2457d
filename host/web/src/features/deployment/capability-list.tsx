import { Check, ChevronDown, ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { inertText } from "@/lib/inert-text";
import { featureStateData } from "@/domain/metadata/feature-state";
import { RefusalView } from "@/domain/metadata/metadata-view";
import type { CapabilityDecision } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState, type Refusal } from "@/gen/penstock/host/v1/refusal_pb";
import { Badge, type StateLook } from "@/ui/badge";
import { Note } from "@/ui/panel";
import styles from "./deployment.module.css";

/** What a location may do on this host; a refusal opens. */
export function CapabilityList({ capabilities }: { capabilities: CapabilityDecision[] }) {
  return (
    <div className={styles.capabilities}>
      <h3 className={styles.sub}>What it may do here</h3>
      {capabilities.length === 0 && <Note>Nothing is known before it has answered.</Note>}
      <ul className={styles.capabilities}>
        {capabilities.map((decision) => (
          <li key={decision.capability}>
            {decision.refusal === undefined ? (
              <span className={styles.capability}>
                <code>{decision.capability}</code>
                <Badge look={allowed} />
              </span>
            ) : (
              <Refused decision={decision} refusal={decision.refusal} />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

const allowed: StateLook = { label: "Allowed", tone: "good", icon: Check };

function Refused({ decision, refusal }: { decision: CapabilityDecision; refusal: Refusal }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const look = featureStateData(decision.state);
  return (
    <>
      <button type="button" className={styles.refused} aria-expanded={open} aria-controls={id} onClick={() => { setOpen(!open); }}>
        <span className={styles.capability}>
          <code>{decision.capability}</code>
          <Badge look={decision.state === FeatureState.REFUSED ? { ...look, label: "Refused" } : look} />
          {open ? <ChevronDown size={13} aria-hidden /> : <ChevronRight size={13} aria-hidden />}
        </span>
        {!open && <span className={styles.why}>{inertText(refusal.message)}</span>}
      </button>
      <div id={id} hidden={!open} className={styles.refusal}>
        {open && <RefusalView refusal={refusal} />}
      </div>
    </>
  );
}
