import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { AutomationService } from "@/gen/penstock/host/v1/automation_pb";
import { askAgain } from "@/lib/ask-again";
import { follow } from "@/lib/follow";
import { useThrottled } from "@/lib/throttled";
import { useValue } from "@/lib/value-store";
import { session } from "@/domain/host/session";
import { formatAutomationName, sameAutomation, type AutomationNameText } from "./automation-name";

/** Schedules and sensors of all locations, or those that have to do with a job (location/repository/job). */
export function useAutomations(job = "") {
  return useQuery(AutomationService.method.listAutomation, { job }, { staleTime: Infinity });
}

/** One schedule or sensor. */
export function useAutomation({ location, repository, name }: AutomationNameText) {
  return useQuery(AutomationService.method.getAutomation, { name: { location, repository, name } }, { staleTime: Infinity });
}

// Sensors tick all the time, and many of them together.
const restMs = 1_000;

/** Keeps lists of schedules and sensors current while the component is there; with a name, what is known of that one. */
export function useAutomationFeed(name?: AutomationNameText): void {
  const transport = useTransport();
  const cache = useQueryClient();
  const { epoch } = useValue(session);
  const again = useThrottled(() => {
    askAgain(cache, createConnectQueryKey({ schema: AutomationService, cardinality: undefined }));
  }, restMs);
  const concerns = useEffectEvent((changed: AutomationNameText) => name === undefined || sameAutomation(name, changed));
  const key = name === undefined ? "" : formatAutomationName(name);
  useEffect(
    () =>
      follow({
        open: (signal) => createClient(AutomationService, transport).watchAutomation({}, { signal }),
        onMessage: (message) => {
          if (message.name === undefined || concerns(message.name)) again();
        },
        onBreak: (error) => {
          const { code } = ConnectError.from(error);
          return code !== Code.Unauthenticated && code !== Code.Unimplemented;
        },
      }),
    [transport, epoch, key, again],
  );
}
