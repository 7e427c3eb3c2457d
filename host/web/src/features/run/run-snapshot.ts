import { useQuery } from "@connectrpc/connect-query";
import { RunService } from "@/gen/penstock/host/v1/run_pb";

/** The job as it was when the run was launched; it never changes. */
export function useRunSnapshot(id: string) {
  return useQuery(RunService.method.getRunSnapshot, { id }, { staleTime: Infinity });
}
