import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { AutomationSchema } from "@/gen/penstock/host/v1/automation_pb";
import { commits, nightly } from "@/testing/automation-samples";
import { nextByJob } from "./next-by-job";

it("tells of each job the soonest schedule and how many sensors look, without what is off", () => {
  const got = nextByJob([
    create(AutomationSchema, nightly({ nextTickAt: timestampFromMs(2000) })),
    create(AutomationSchema, nightly({ nextTickAt: timestampFromMs(1000) })),
    create(AutomationSchema, nightly({ nextTickAt: timestampFromMs(500), running: false })),
    create(AutomationSchema, commits({ running: true, nextTickAt: timestampFromMs(100) })),
  ]);
  expect(got.get("local/tutorial/report")).toMatchObject({ next: 1000, sensors: 1 });
  expect(got.get("local/tutorial/other")).toMatchObject({ next: undefined, sensors: 1 });
});
