import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { AlertService, ListAlertsResponseSchema, TestAlertResponseSchema, type AlertRuleSchema } from "@/gen/penstock/host/v1/alert_pb";
import type { Checked } from "./memory-host";

/** Rules of alerts, as a test says. */
export class MemoryAlert {
  rules: MessageInitShape<typeof AlertRuleSchema>[] = [];
  test: (name: string) => MessageInitShape<typeof TestAlertResponseSchema> = () => ({ body: "this is a test" });

  serve(router: ConnectRouter, checked: Checked): void {
    router.service(AlertService, {
      listAlerts: checked(() => create(ListAlertsResponseSchema, { rules: this.rules })),
      testAlert: checked(({ name }: { name: string }) => create(TestAlertResponseSchema, this.test(name))),
    });
  }
}
