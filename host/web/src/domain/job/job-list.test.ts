import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { JobSummarySchema } from "@/gen/penstock/host/v1/job_pb";
import { LocationSchema } from "@/gen/penstock/host/v1/location_pb";
import { jobLines } from "./job-list";

const job = (location: string, repository: string, name: string) => create(JobSummarySchema, { name: { location, repository, job: name } });
const location = (name: string) => create(LocationSchema, { name });
const jobs = [job("a", "r", "x"), job("a", "r", "y"), job("a", "s", "x"), job("c", "r", "x")];
const keys = (lines: { key: string }[]) => lines.map((line) => line.key);

it("groups by location and repository", () => {
  expect(keys(jobLines(jobs, [location("a"), location("c")], true))).toEqual(["a", "a/r", "a/r/x", "a/r/y", "a/s", "a/s/x", "c", "c/r", "c/r/x"]);
});

it("keeps a place for locations without jobs, unless something is searched", () => {
  const locations = [location("a"), location("b"), location("c")];
  expect(keys(jobLines(jobs, locations, true))).toContain("b");
  expect(keys(jobLines(jobs, locations, false))).not.toContain("b");
});

it("shows jobs whose location is not listed yet", () => {
  const [line] = jobLines([job("new", "r", "x")], [], true);
  expect(line).toMatchObject({ kind: "location", name: "new", location: undefined });
});
