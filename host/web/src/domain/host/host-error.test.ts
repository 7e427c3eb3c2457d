import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { ErrorDetailSchema } from "@/gen/penstock/host/v1/problem_pb";
import { isOlderHost, readHostError } from "./host-error";

it("reads message, reason, remedy and problems", () => {
  const detail = { desc: ErrorDetailSchema, value: { reason: "TAGS", remedy: "Fix it.", problems: [{ field: "tags", path: "a b", message: "no" }] } };
  const got = readHostError(new ConnectError("2 tags are wrong", Code.InvalidArgument, undefined, [detail]));
  expect(got).toMatchObject({ code: Code.InvalidArgument, reason: "TAGS", message: "2 tags are wrong", remedy: "Fix it." });
  expect(got.problems.map((p) => p.path)).toEqual(["a b"]);
  expect(create(ErrorDetailSchema, detail.value).reason).toBe("TAGS");
});

it("says so when nobody answers", () => {
  const got = readHostError(new TypeError("Failed to fetch"));
  expect(got.message).toBe("The host does not answer.");
  expect(got.remedy).toContain("penstock serve");
});

it("never shows an empty message", () => {
  expect(readHostError(new ConnectError("", Code.Internal)).message).toBe("The host answered with the error Internal.");
});

it("tells a host that does not know a call from one that fails", () => {
  expect(isOlderHost(new ConnectError("no such method", Code.Unimplemented))).toBe(true);
  expect(isOlderHost(new ConnectError("busy", Code.Unavailable))).toBe(false);
  expect(isOlderHost(null)).toBe(false);
});
