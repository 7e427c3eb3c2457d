import type { MessageInitShape } from "@bufbuild/protobuf";
import { AutomationKind, AutomationSwitch, type AutomationSchema } from "@/gen/penstock/host/v1/automation_pb";
import { MissedTickPolicy } from "@/gen/penstock/usercode/v1/automation_pb";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Plain } from "./samples";

type AutomationInit = Plain<MessageInitShape<typeof AutomationSchema>>;

/** A schedule that is on. */
export function nightly(more: Partial<AutomationInit> = {}): AutomationInit {
  return {
    name: { kind: AutomationKind.SCHEDULE, location: "local", repository: "tutorial", name: "nightly" },
    schedule: {
      name: "nightly",
      description: "The report of **yesterday**.",
      job: "report",
      crons: ["30 6 * * *"],
      zone: "Europe/Berlin",
      defaultOn: true,
      missedTicks: { policy: MissedTickPolicy.ALL, atMost: 5 },
      tags: [{ key: "env", value: "prod" }],
      makes: { case: "fixed", value: {} },
    },
    running: true,
    switched: AutomationSwitch.DEFAULT,
    nextTickAt: timestampFromMs(Date.now() + 3_700_000),
    ...more,
  };
}

/** A sensor that is off. */
export function commits(more: Partial<AutomationInit> = {}): AutomationInit {
  return {
    name: { kind: AutomationKind.SENSOR, location: "local", repository: "tutorial", name: "commits" },
    sensor: { name: "commits", jobs: ["report", "other"], interval: { seconds: 45n }, looks: { case: "evaluated", value: {} } },
    switched: AutomationSwitch.OFF,
    switchedBy: "anna",
    switchedAt: timestampFromMs(Date.now() - 60_000),
    cursor: "abc123",
    ...more,
  };
}
