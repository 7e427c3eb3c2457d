import { CircleCheck, CircleHelp, CircleX, CloudOff, History, LoaderCircle, Unplug } from "lucide-react";
import { LocationState } from "@/gen/penstock/host/v1/location_pb";
import type { StateLook } from "@/ui/badge";

interface LocationStateData extends StateLook {
  state: LocationState;
  /** Set when someone should look into it. */
  trouble: boolean;
  /** What the state means for the location's jobs. */
  meaning: string;
}

const states: readonly LocationStateData[] = [
  { state: LocationState.LOADING, label: "Loading", tone: "busy", icon: LoaderCircle, turning: true, trouble: false, meaning: "Its jobs are being loaded." },
  { state: LocationState.READY, label: "Ready", tone: "good", icon: CircleCheck, trouble: false, meaning: "It answers." },
  { state: LocationState.STALE, label: "Stale", tone: "warn", icon: History, trouble: true, meaning: "It does not answer; its last known jobs are shown." },
  { state: LocationState.UNAVAILABLE, label: "Unavailable", tone: "bad", icon: CloudOff, trouble: true, meaning: "It does not answer, and nothing is known of its jobs." },
  { state: LocationState.INCOMPATIBLE, label: "Incompatible", tone: "bad", icon: Unplug, trouble: true, meaning: "Its protocol version and this host's do not go together." },
  { state: LocationState.ERROR, label: "Error", tone: "bad", icon: CircleX, trouble: true, meaning: "It was reached, but its definitions cannot be used." },
];

const unknown: LocationStateData = {
  state: LocationState.UNSPECIFIED,
  label: "Unknown to this page",
  tone: "warn",
  icon: CircleHelp,
  trouble: true,
  meaning: "This page is older than the host: load it again.",
};

/** All about a location's state; a state of a newer host is shown as unknown. */
export function locationStateData(state: LocationState): LocationStateData {
  return states.find((data) => data.state === state) ?? unknown;
}
