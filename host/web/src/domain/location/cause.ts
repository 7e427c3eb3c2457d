import { instantMs } from "@/lib/instant";
import { inertText } from "@/lib/inert-text";
import { plural } from "@/lib/plural";
import { ValueStore } from "@/lib/value-store";
import type { ConfigFile } from "@/gen/penstock/host/v1/host_pb";
import type { Location } from "@/gen/penstock/host/v1/location_pb";
import { dismissNotice, type LocationNotice } from "./location-notice";
import { locationStateData } from "./location-state";
import { codeVersions, onlyInUse } from "./replica";

/** What kind of thing the reader is told, in the order of their weight. */
export type CauseKind = "config" | "failing" | "draining" | "mixed" | "updated";

/** One thing that the reader is told on top of every page. */
export interface Cause {
  kind: CauseKind;
  /** Tells causes apart: what happens again, or happens otherwise, has another key. */
  key: string;
  /** Code location; empty for the host's own. */
  location: string;
  title: string;
  /** What is known of it. */
  text: string;
  /** What to do; empty when nothing needs to be done. */
  remedy: string;
}

/** Keys of causes that the reader has put away; each is forgotten when its cause has gone. */
export const dismissedCauses = new ValueStore<readonly string[]>([]);

/** Puts causes away. */
export function dismiss(causes: readonly Cause[]): void {
  for (const { kind, location } of causes) if (kind === "updated") dismissNotice(location);
  dismissedCauses.set([...new Set([...dismissedCauses.get(), ...causes.map((cause) => cause.key)])]);
}

/** Forgets what was put away and has gone: when it comes again it is shown again. */
export function forgetGone(causes: readonly Cause[]): void {
  const there = new Set(causes.map((cause) => cause.key));
  const kept = dismissedCauses.get().filter((key) => there.has(key));
  if (kept.length < dismissedCauses.get().length) dismissedCauses.set(kept);
}

/** Causes of one kind, told as one message. */
export interface Message {
  kind: CauseKind;
  causes: Cause[];
  title: string;
  text: string;
  remedy: string;
}

const kinds: readonly CauseKind[] = ["config", "failing", "draining", "mixed", "updated"];

// So many locations are named where several are summed up.
const mostNames = 6;

/** One message for each kind of cause; several causes of a kind are summed up. */
export function sumUp(causes: readonly Cause[]): Message[] {
  return kinds.flatMap((kind) => {
    const members = causes.filter((cause) => cause.kind === kind);
    const [first] = members;
    if (first === undefined) return [];
    if (members.length === 1) return [{ kind, causes: members, title: first.title, text: first.text, remedy: first.remedy }];
    return [{ kind, causes: members, title: `${plural(members.length, "code location")} ${sums[kind]}`, text: namesOf(members), remedy: "" }];
  });
}

const sums: Record<CauseKind, string> = {
  config: "",
  failing: "need attention",
  draining: "drain: nothing is started there until another server answers",
  mixed: "answer with different code: deploys are under way",
  updated: "were updated; this page shows the new definitions",
};

function namesOf(causes: readonly Cause[]): string {
  const names = causes.slice(0, mostNames).map((cause) => cause.location).join(", ");
  return causes.length > mostNames ? `${names} and ${causes.length - mostNames} more` : names;
}

/** All that the reader should be told. */
export function findCauses(locations: readonly Location[], config: ConfigFile | undefined, notices: readonly LocationNotice[]): Cause[] {
  return [
    ...configCauses(config),
    ...locations.flatMap(failingCause),
    ...locations.flatMap(drainingCause),
    ...locations.flatMap(mixedCause),
    ...notices.map(updatedCause),
  ];
}

function configCauses(config: ConfigFile | undefined): Cause[] {
  if (config === undefined || config.error === "") return [];
  return [
    {
      kind: "config",
      key: `config ${config.error}`,
      location: "",
      title: "The configuration file has an error",
      text: inertText(config.error.split("\n")[0] ?? ""),
      remedy: "The configuration from before stays in use until the file is corrected.",
    },
  ];
}

function failingCause(location: Location): Cause[] {
  const state = locationStateData(location.state);
  if (!state.trouble) return [];
  return [
    {
      kind: "failing",
      key: ["failing", location.name, location.state, location.errorCode, instantMs(location.errorSince) ?? ""].join(" "),
      location: location.name,
      title: `Code location ${location.name}: ${state.label.toLowerCase()}`,
      text: location.error === "" ? state.meaning : inertText(location.error),
      remedy: inertText(location.remedy),
    },
  ];
}

function drainingCause({ name, state, draining, replicas }: Location): Cause[] {
  if (!draining || locationStateData(state).trouble) return [];
  const workers = replicas.reduce((sum, replica) => sum + (replica.server?.liveWorkers ?? 0), 0);
  return [
    {
      kind: "draining",
      key: `draining ${name}`,
      location: name,
      title: `Code location ${name} drains`,
      text: workers === 0 ? "Its server is about to end." : `Its server ends when ${plural(workers, "run")} of it ${workers === 1 ? "has" : "have"} ended.`,
      remedy: "Nothing is started there until another server answers.",
    },
  ];
}

function mixedCause(location: Location): Cause[] {
  if (!location.mixed) return [];
  const versions = codeVersions(location).map(({ version, inUse }) => (inUse ? `${version} (in use)` : version));
  const alone = onlyInUse(location);
  return [
    {
      kind: "mixed",
      key: `mixed ${location.name}`,
      location: location.name,
      title: `A deploy of code location ${location.name} is under way`,
      text: alone
        ? "Only its newest servers answer now; one with other code did less than a minute ago."
        : versions.length < 2
          ? "Its servers answer with different code."
          : `Its servers answer with code version ${inertText(versions.join(" and "))}.`,
      remedy: "",
    },
  ];
}

function updatedCause({ location, text }: LocationNotice): Cause {
  return {
    kind: "updated",
    key: `updated ${location} ${text}`,
    location,
    title: `Code location ${location} was updated`,
    text: `${inertText(text)}. This page shows the new definitions.`,
    remedy: "",
  };
}
