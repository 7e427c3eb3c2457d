import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { OpDefinitionSchema } from "@/gen/penstock/usercode/v1/body_pb";
import { opPolicies } from "./op-policy";

it("says nothing of an op without policies", () => {
  expect(opPolicies(create(OpDefinitionSchema, { name: "load" }))).toEqual([]);
});

it("says all that is set", () => {
  const op = create(OpDefinitionSchema, {
    name: "load",
    retry: { maxRetries: 5, delay: durationFromMs(10_000), backoffMilli: 1500, maxDelay: durationFromMs(300_000), jitterMilli: 125, someErrors: true },
    timeout: durationFromMs(600_000),
    priority: -2,
  });
  expect(opPolicies(op)).toEqual([
    ["Retries", "5, after some errors, the first after 10.0 s, each wait 1.5 times the one before, at most 5 min, up to 12.5 % less at random"],
    ["Time-out", "10 min for each attempt"],
    ["Priority", "-2"],
  ]);
});

it("leaves out what changes nothing", () => {
  expect(opPolicies(create(OpDefinitionSchema, { retry: { maxRetries: 1, backoffMilli: 1000 } }))).toEqual([["Retries", "1"]]);
});
