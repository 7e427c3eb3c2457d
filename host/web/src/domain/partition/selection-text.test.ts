import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { PartitionSelectionSchema } from "@/gen/penstock/host/v1/partition_pb";
import { selectionText } from "./selection-text";

const text = (init: Parameters<typeof create<typeof PartitionSelectionSchema>>[1]) => selectionText(create(PartitionSelectionSchema, init));

it("says in words what is selected", () => {
  expect(text({ all: true, failedOnly: true })).toBe("all partitions; of these only those whose newest run failed or was canceled");
  expect(text({ ranges: [{ from: "a", to: "c" }, { from: "x", to: "x" }, { from: "", to: "b" }] })).toBe("a to c, x, the first to b");
  expect(text({ keys: ["a", "b", "c", "d", "e"] })).toBe("a, b, c, and 2 more keys");
  expect(text({})).toBe("nothing");
  expect(selectionText(undefined)).toBe("nothing");
});
