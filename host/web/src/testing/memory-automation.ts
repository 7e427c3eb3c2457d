import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import {
  AutomationSchema,
  AutomationService,
  AutomationSwitch,
  PreviewScheduleResponseSchema,
  TestAutomationResponseSchema,
  TickSchema,
  type Automation,
  type AutomationName,
  type ListTicksRequest,
  type PreviewScheduleRequest,
  type SetSensorCursorRequest,
  type SwitchAutomationRequest,
  type TestAutomationRequest,
  type Tick,
  type WatchAutomationResponseSchema,
} from "@/gen/penstock/host/v1/automation_pb";
import { RefusalSchema, type Refusal } from "@/gen/penstock/host/v1/refusal_pb";
import { Channel } from "./channel";
import type { Checked } from "./memory-host";

// Few, so that tests see more than one page.
const tickPage = 5;

/** Schedules and sensors: as a test says, switched as they are asked to. */
export class MemoryAutomation {
  automations: Automation[] = [];
  refusals: Refusal[] = [];
  ticks: Tick[] = [];
  preview: (request: PreviewScheduleRequest) => MessageInitShape<typeof PreviewScheduleResponseSchema> = () => ({ zone: "UTC" });
  test: (request: TestAutomationRequest) => MessageInitShape<typeof TestAutomationResponseSchema> = () => ({});
  /** Set, switching is refused with it. */
  refuseSwitch: ConnectError | undefined;
  readonly listed: string[] = [];
  readonly switched: SwitchAutomationRequest[] = [];
  readonly cursors: SetSensorCursorRequest[] = [];
  readonly tested: TestAutomationRequest[] = [];
  readonly changes = new Channel<MessageInitShape<typeof WatchAutomationResponseSchema>>();

  add(automation: MessageInitShape<typeof AutomationSchema>): Automation {
    const made = create(AutomationSchema, automation);
    this.automations.push(made);
    return made;
  }

  addTick(tick: MessageInitShape<typeof TickSchema>): void {
    this.ticks.unshift(create(TickSchema, { id: `tick-${this.ticks.length}`, count: 1, ...tick }));
  }

  refuse(refusal: MessageInitShape<typeof RefusalSchema>): void {
    this.refusals.push(create(RefusalSchema, refusal));
  }

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(AutomationService, {
      listAutomation: checked(({ job }: { job: string }) => {
        this.listed.push(job);
        return { automations: this.automations.filter((each) => job === "" || concerns(each, job)), refusals: this.refusals };
      }),
      getAutomation: checked(({ name }: { name?: AutomationName }) => ({ automation: this.find(name) })),
      watchAutomation: (_: unknown, context: HandlerContext) => this.changes.read(context.signal, {}),
      switchAutomation: checked((request: SwitchAutomationRequest) => {
        if (this.refuseSwitch !== undefined) throw this.refuseSwitch;
        this.switched.push(request);
        const { name } = this.find(request.name);
        this.change(name, { switched: request.to, switchedBy: request.by, switchedAt: timestampFromMs(Date.now()), running: request.to !== AutomationSwitch.OFF });
        return { automation: this.find(name) };
      }),
      setSensorCursor: checked((request: SetSensorCursorRequest) => {
        this.cursors.push(request);
        const { name } = this.find(request.name);
        this.change(name, { cursor: request.cursor });
        return { automation: this.find(name) };
      }),
      listTicks: checked(({ statuses, pageCursor }: ListTicksRequest) => {
        const from = Number(pageCursor);
        const found = this.ticks.filter((tick) => statuses.length === 0 || statuses.includes(tick.status));
        return { ticks: found.slice(from, from + tickPage), nextCursor: from + tickPage < found.length ? String(from + tickPage) : "" };
      }),
      previewSchedule: checked((request: PreviewScheduleRequest) => create(PreviewScheduleResponseSchema, this.preview(request))),
      testAutomation: checked((request: TestAutomationRequest) => {
        this.tested.push(request);
        return create(TestAutomationResponseSchema, this.test(request));
      }),
    });
  }

  /** Changes one, and tells everyone. */
  change(name: AutomationName | undefined, change: Partial<Automation>): void {
    const found = this.find(name);
    this.automations = this.automations.map((each) => (each === found ? { ...each, ...change } : each));
    this.changes.send(found.name === undefined ? {} : { name: found.name });
  }

  private find(name: AutomationName | undefined): Automation {
    const found = this.automations.find((each) => each.name?.name === name?.name && each.name?.repository === name?.repository && each.name?.location === name?.location);
    if (found === undefined) throw new ConnectError(`there is no schedule and no sensor ${name?.name ?? ""}`, Code.NotFound);
    return found;
  }
}

function concerns({ name, schedule, sensor }: Automation, job: string): boolean {
  return [schedule?.job ?? "", ...(sensor?.jobs ?? [])].some((each) => `${name?.location ?? ""}/${name?.repository ?? ""}/${each}` === job);
}
