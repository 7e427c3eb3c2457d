import { CircleHelp, CloudOff, Eye, History, Minus, ShieldOff } from "lucide-react";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import type { StateLook } from "@/ui/badge";

interface FeatureStateData extends StateLook {
  state: FeatureState;
  /** Title of a job's metadata in this state. */
  title: string;
}

const states: readonly FeatureStateData[] = [
  { state: FeatureState.SHOWN, label: "Shown", tone: "good", icon: Eye, title: "Metadata" },
  { state: FeatureState.EMPTY, label: "None", tone: "calm", icon: Minus, title: "Metadata" },
  { state: FeatureState.REFUSED, label: "Not shown", tone: "warn", icon: ShieldOff, title: "Metadata not shown" },
  { state: FeatureState.STALE, label: "Stale", tone: "warn", icon: History, title: "Metadata, last known" },
  { state: FeatureState.UNAVAILABLE, label: "Unavailable", tone: "bad", icon: CloudOff, title: "Metadata unavailable" },
];

const unknown: FeatureStateData = {
  state: FeatureState.UNSPECIFIED,
  label: "Unknown to this page",
  tone: "warn",
  icon: CircleHelp,
  title: "Metadata in a state that this page does not know",
};

/** How the state of a gated feature is shown; a state of a newer host is shown as unknown. */
export function featureStateData(state: FeatureState): FeatureStateData {
  return states.find((data) => data.state === state) ?? unknown;
}
