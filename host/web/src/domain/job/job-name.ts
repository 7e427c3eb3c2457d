import type { JobName } from "@/gen/penstock/host/v1/job_pb";

/** What names a job in the workspace. */
export type JobNameText = Pick<JobName, "location" | "repository" | "job">;

/** "location/repository/job", as the host and the command line take it. */
export function formatJobName({ location, repository, job }: JobNameText): string {
  return `${location}/${repository}/${job}`;
}

/** Whether both name the same job. */
export function sameJob(a: JobNameText | undefined, b: JobNameText | undefined): boolean {
  return a !== undefined && b !== undefined && formatJobName(a) === formatJobName(b);
}

/** Reads formatJobName's form; undefined for another text. */
export function jobNameOf(text: string): JobNameText | undefined {
  const [location = "", repository = "", job = "", ...more] = text.split("/");
  return job === "" || more.length > 0 ? undefined : { location, repository, job };
}
