import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { LocationSchema } from "@/gen/penstock/host/v1/location_pb";
import { codeVersions, digestInUse, serverInUse } from "./replica";

const replica = (codeVersion: string, inUse: boolean, firstSeenMs: number) => ({
  server: { build: { codeVersion }, serverId: codeVersion },
  inUse,
  firstSeenAt: timestampFromMs(firstSeenMs),
});

it("the report in use does not change with the order in which replicas answer", () => {
  const [a, b, c] = [replica("a", true, 1), replica("b", true, 2), replica("c", false, 3)];
  for (const replicas of [[a, b, c], [c, b, a]]) {
    expect(serverInUse(create(LocationSchema, { replicas, server: c.server }))?.serverId).toBe("b");
  }
});

it("without replicas it is the last report; without a digest in use it is the report's", () => {
  const location = create(LocationSchema, { server: { serverId: "x", definitionsDigest: new Uint8Array([0xab]) } });
  expect(serverInUse(location)?.serverId).toBe("x");
  expect(digestInUse(location)).toBe("ab");
  expect(digestInUse(create(LocationSchema, { ...location, definitionsDigest: new Uint8Array([1]) }))).toBe("01");
  expect(digestInUse(create(LocationSchema, {}))).toBe("");
});

it("names each code version once, the one in use first", () => {
  const location = create(LocationSchema, { replicas: [replica("old", false, 1), replica("new", true, 2), replica("old", false, 3), replica("", false, 4)] });
  expect(codeVersions(location)).toEqual([{ version: "new", inUse: true }, { version: "old", inUse: false }, { version: "unnamed", inUse: false }]);
});
