import { useQuery } from "@connectrpc/connect-query";
import { useParams } from "@tanstack/react-router";
import { JobService } from "@/gen/penstock/host/v1/job_pb";
import { formatJobName, type JobNameText } from "./job-name";

/** A job; asked for again when its location changes. */
export function useJob(name: JobNameText) {
  return useQuery(JobService.method.getJob, { name: formatJobName(name) }, { staleTime: 30_000 });
}

/** The job that the address names. */
export function useJobParams(): JobNameText {
  const { location = "", repository = "", job = "" } = useParams({ strict: false });
  return { location, repository, job };
}
