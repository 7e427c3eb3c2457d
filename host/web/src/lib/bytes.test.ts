import { expect, it } from "vitest";
import { formatBytes, fromHex, hex } from "./bytes";

it("hex and fromHex are each other's inverse", () => {
  const bytes = new Uint8Array([0, 1, 15, 16, 255]);
  expect(hex(bytes)).toBe("00010f10ff");
  expect(fromHex("00010f10ff")).toEqual(bytes);
});

it.each(["0", "0G", "FF"])("fromHex refuses %s", (text) => {
  expect(fromHex(text)).toBeUndefined();
});

it.each([
  [0n, "0 B"],
  [1023, "1023 B"],
  [13_002_342n, "12.4 MiB"],
])("formatBytes(%s) is %s", (count, want) => {
  expect(formatBytes(count)).toBe(want);
});
