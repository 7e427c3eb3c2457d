import { CircleHelp, CloudOff, Eye, History, Minus, ShieldOff } from "lucide-react";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import type { StateLook } from "@/ui/badge";

interface FeatureStateData extends StateLook {
  state: FeatureState;
  /** Title of a job's metadata in this state. */
  title: string;
  /** A few words for a list of jobs. */
  mark: string;
}

const states: readonly FeatureStateData[] = [
  { state: FeatureState.SHOWN, label: "Shown", tone: "good", icon: Eye, title: "Metadata", mark: "metadata" },
  { state: FeatureState.EMPTY, label: "None", tone: "calm", icon: Minus, title: "Metadata", mark: "no metadata" },
  { state: FeatureState.REFUSED, label: "Not shown", tone: "warn", icon: ShieldOff, title: "Metadata not shown", mark: "metadata not shown" },
  { state: FeatureState.STALE, label: "Stale", tone: "warn", icon: History, title: "Metadata, last known", mark: "metadata is stale" },
  { state: FeatureState.UNAVAILABLE, label: "Unavailable", tone: "bad", icon: CloudOff, title: "Metadata unavailable", mark: "metadata unavailable" },
];

const unknown: FeatureStateData = {
  state: FeatureState.UNSPECIFIED,
  label: "Unknown to this page",
  tone: "warn",
  icon: CircleHelp,
  title: "Metadata in a state that this page does not know",
  mark: "metadata in an unknown state",
};

/** How the state of a gated feature is shown; a state of a newer host is shown as unknown. */
export function featureStateData(state: FeatureState): FeatureStateData {
  return states.find((data) => data.state === state) ?? unknown;
}
