import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { JobSnapshotSchema } from "@/gen/penstock/host/v1/history_pb";
import { choosePair, pairOf } from "./snapshot-pair";

const list = (...ids: string[]) => ids.map((id) => create(JobSnapshotSchema, { id }));

it("without ids compares the newest with the one before", () => {
  expect(pairOf(list("cc", "bb", "aa"), { from: "", to: "" })).toEqual({ from: 1, to: 0 });
  expect(pairOf(list("cc", "bb", "aa"), { from: "", to: "bb" })).toEqual({ from: 2, to: 1 });
  expect(pairOf(list("aa"), { from: "", to: "" })).toEqual({ from: undefined, to: 0 });
  expect(pairOf([], { from: "", to: "" })).toEqual({ from: undefined, to: undefined });
});

it("finds what is asked for, also by the beginning of an id", () => {
  expect(pairOf(list("c123", "b123", "a123"), { from: "a1", to: "c" })).toEqual({ from: 2, to: 0 });
  expect(pairOf(list("cc", "bb"), { from: "zz", to: "bb" })).toEqual({ from: undefined, to: 1 });
});

it("of a job that changed back, takes the older one with that id as the older side", () => {
  expect(pairOf(list("aa", "bb", "aa"), { from: "aa", to: "bb" })).toEqual({ from: 2, to: 1 });
  expect(pairOf(list("aa", "bb", "aa"), { from: "bb", to: "aa" })).toEqual({ from: 1, to: 0 });
});

it("orders what is chosen by age", () => {
  const snapshots = list("cc", "bb", "aa");
  expect(choosePair(snapshots, { from: 1, to: 0 }, "from", 2)).toEqual({ from: "aa", to: "cc" });
  expect(choosePair(snapshots, { from: 1, to: 0 }, "to", 2)).toEqual({ from: "aa", to: "bb" });
  expect(choosePair(snapshots, { from: undefined, to: 0 }, "from", 1)).toEqual({ from: "bb", to: "cc" });
});
