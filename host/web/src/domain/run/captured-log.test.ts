import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { StoredEventSchema } from "@/gen/penstock/host/v1/run_pb";
import type { CapturedSchema } from "@/gen/penstock/worker/v1/worker_pb";
import { CapturedLog, filterLines, linesText, mostLines, writerText } from "./captured-log";

const bytes = (text: string) => new TextEncoder().encode(text);
type Init = Exclude<MessageInitShape<typeof CapturedSchema>, { $typeName: string }>;
const piece = (text: string | Uint8Array<ArrayBuffer>, more: Init & { opPath?: string; opAttempt?: number; attempt?: number } = {}) => {
  const { opPath = "read", opAttempt = 1, attempt = 1, ...value } = more;
  return create(StoredEventSchema, { attempt, event: { kind: "captured", opPath, opAttempt, detail: { case: "captured", value: { descriptor: 1, data: typeof text === "string" ? bytes(text) : text, ...value } } } });
};
const logOf = (...events: ReturnType<typeof piece>[]) => {
  const log = new CapturedLog();
  for (const event of events) log.add([event]);
  return log;
};
const texts = (log: CapturedLog) => log.get().lines.map((line) => line.text);

it("makes lines of pieces that are cut anywhere, within a character too", () => {
  const all = bytes("zwölf\nhalb");
  expect(texts(logOf(piece(all.slice(0, 3)), piece(all.slice(3)), piece(" fertig")))).toEqual(["zwölf", "halb fertig"]);
  expect(texts(logOf(piece("a\n\nb\n")))).toEqual(["a", "", "b"]);
  expect(texts(logOf(piece("a\r"), piece("\nb\r\n")))).toEqual(["a", "b"]);
});

it("keeps the writers apart: ops, stdout and stderr, attempts", () => {
  const log = logOf(piece("a"), piece("e", { descriptor: 2 }), piece("b", { opPath: "write" }), piece("a\n"), piece("again\n", { opAttempt: 2 }));
  expect(log.get().lines.map(({ opPath, stream, kind, text }) => `${opPath} ${stream} ${kind} ${text}`)).toEqual([
    "read stdout text aa",
    "read stderr text e",
    "write stdout text b",
    "read stdout note Attempt 2 of read",
    "read stdout text again",
  ]);
});

it("shows a line that is written over as it was at last", () => {
  expect(texts(logOf(piece("10 %\r20 %"), piece("\r30 %"), piece("\rdone\n"), piece("next")))).toEqual(["done", "next"]);
});

it("is inert: no terminal sequences, other control characters are seen", () => {
  expect(texts(logOf(piece("\u001b[31mred\u001b[0m \u0008\u202e<b>\n")))).toEqual(["red \\x08\\u202e<b>"]);
  expect(texts(logOf(piece(new Uint8Array([0xff, 0x41, 0x0a]))))).toEqual(["\ufffdA"]);
});

it("says where something was left out, and begins a new line after it", () => {
  const log = logOf(piece("begin"), piece("end\n", { skipped: 2048n }));
  expect(log.get().lines.map((line) => [line.kind, line.text])).toEqual([["text", "begin"], ["note", "2.0 KiB of stdout left out here: only so much of it is kept"], ["text", "end"]]);
});

it("tells a later attempt of the run", () => {
  expect(texts(logOf(piece("a\n"), piece("b\n", { attempt: 2 })))).toEqual(["a", "Attempt 2 of the run", "b"]);
});

it("names those that may have written what is of no op for sure", () => {
  const log = logOf(piece("x\n", { opPath: "", candidates: ["read", "write"] }), piece("y\n", { opPath: "", candidates: ["read"] }), piece("z\n", { opPath: "" }), piece("a\n"));
  expect(log.get().lines.map(writerText)).toEqual(["one of 2 ops", "read?", "not known", "read"]);
  expect(filterLines(log.get().lines, { stream: undefined, unattributed: true }).map((line) => line.text)).toEqual(["x", "y", "z"]);
  expect(linesText(log.get().lines, true)).toBe("one of 2 ops: x\nread?: y\nnot known: z\nread: a\n");
  expect(linesText(log.get().lines.slice(3), false)).toBe("a\n");
});

it("filters by stream", () => {
  const log = logOf(piece("out\n"), piece("err\n", { descriptor: 2 }));
  expect(filterLines(log.get().lines, { stream: "stderr", unattributed: false }).map((line) => line.text)).toEqual(["err"]);
});

it("holds only so much, and says how much it dropped", () => {
  const log = new CapturedLog();
  const block = Array.from({ length: 10_000 }, (_, n) => `line ${n}`).join("\n");
  for (let n = 0; n < 7; n++) log.add([piece(`${block}\n`)]);
  expect(log.get().lines).toHaveLength(mostLines);
  expect(log.get().dropped).toBe(20_000);
  // A line without an end is no way around that.
  const endless = new CapturedLog();
  for (let n = 0; n < 200; n++) endless.add([piece("x".repeat(60_000))]);
  const { lines, dropped } = endless.get();
  expect(lines.reduce((sum, line) => sum + line.text.length, 0)).toBeLessThanOrEqual(8_000_000);
  expect(dropped).toBeGreaterThan(0);
  endless.add([piece("last\n")]);
  expect(endless.get().lines.at(-1)?.text.endsWith("last")).toBe(true);
});

it("leaves other events out, and says when it is complete", () => {
  const log = logOf(create(StoredEventSchema, { event: { kind: "log", message: "x" } }));
  expect(log.get()).toMatchObject({ lines: [], complete: false });
  log.finish();
  expect(log.get().complete).toBe(true);
});
