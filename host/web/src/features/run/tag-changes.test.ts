import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { newRow } from "@/domain/run/tag-rows";
import { Origin, TagSchema } from "@/gen/penstock/tag/v1/tag_pb";
import { isEdit, putBack, tagEdit } from "./tag-changes";

const before = [{ key: "env", value: "dev" }, { key: "team", value: "etl" }];

it("sends what was changed, added and removed, and nothing else", () => {
  expect(tagEdit(before, [...before.map((tag) => newRow(tag)), newRow()])).toEqual({ set: [], remove: [] });
  const spaces = [{ key: "note", value: " a " }];
  expect(tagEdit(spaces, spaces.map((tag) => newRow(tag, true)))).toEqual({ set: [], remove: [] });
  const edit = tagEdit(before, [newRow({ key: " env ", value: "prod" }), newRow({ key: "tier", value: "gold" })]);
  expect(edit).toEqual({ set: [{ key: "env", value: "prod" }, { key: "tier", value: "gold" }], remove: ["team"] });
  expect([isEdit(edit), isEdit({ set: [], remove: [] })]).toEqual([true, false]);
});

it("puts back an earlier value, or that there was none; never what is so, or what the system set", () => {
  const now = [create(TagSchema, { key: "env", value: "prod", origin: Origin.EDITED }), create(TagSchema, { key: "penstock/job", value: "a", origin: Origin.SYSTEM })];
  const earlier = (key: string, value: string | undefined, origin = Origin.LAUNCH) => putBack({ key, value, origin }, now);
  expect(earlier("env", "dev")).toEqual({ set: [{ key: "env", value: "dev" }], remove: [] });
  expect(earlier("env", undefined)).toEqual({ set: [], remove: ["env"] });
  expect(earlier("gone", "x")).toEqual({ set: [{ key: "gone", value: "x" }], remove: [] });
  expect(earlier("env", "prod")).toBeUndefined();
  expect(earlier("gone", undefined)).toBeUndefined();
  expect(earlier("penstock/job", "b")).toBeUndefined();
  expect(earlier("penstock/old", "b", Origin.SYSTEM)).toBeUndefined();
});
