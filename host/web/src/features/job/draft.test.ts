// @vitest-environment jsdom
import { afterEach, expect, it } from "vitest";
import { ReexecutionStrategy } from "@/gen/penstock/host/v1/run_pb";
import { draftOf, emptyDraft, loadDraft, loadParentDraft, saveDraft } from "./draft";

const name = { location: "l", repository: "r", job: "j" };
const other = { ...name, job: "k" };

afterEach(() => {
  window.sessionStorage.clear();
  window.localStorage.clear();
});

it("keeps a draft per job", () => {
  const draft = { config: "a: 1", tags: [{ key: "team", value: "etl" }], ops: "*a", inputsFrom: "0193", partition: "2026-11-22", digest: "00ff" };
  saveDraft(name, draft);
  expect(loadDraft(name)).toEqual(draft);
  expect(loadDraft(other)).toEqual(emptyDraft);
});

it("forgets an empty draft", () => {
  saveDraft(name, { ...emptyDraft, config: "a: 1" });
  saveDraft(name, { ...emptyDraft, digest: "00ff" });
  expect(window.localStorage.length).toBe(0);
});

it.each(["", "{", "null", '{"config":1}', '{"config":"","ops":"","digest":"","tags":[{"key":1}]}'])("takes %j for none", (text) => {
  window.localStorage.setItem("penstock.draft.l/r/j", text);
  expect(loadDraft(name)).toEqual(emptyDraft);
});

it("reads a draft that an older page kept", () => {
  window.localStorage.setItem("penstock.draft.l/r/j", '{"config":"a: 1","ops":"","digest":"","tags":[]}');
  expect(loadDraft(name)).toEqual({ ...emptyDraft, config: "a: 1" });
});

it("keeps what executes a run again apart from the job's own draft", () => {
  const own = { ...emptyDraft, config: "mine: 1" };
  const again = draftOf({ id: "r1", configYaml: "a: 1", opSelection: "read+" });
  expect(again).toEqual({ ...emptyDraft, config: "a: 1", ops: "read+", parent: { id: "r1", strategy: ReexecutionStrategy.ALL, withoutTags: [] } });
  saveDraft(name, own);
  saveDraft(name, { ...again, config: "b: 2" });
  expect(loadDraft(name)).toEqual(own);
  expect(loadParentDraft(name, "r1")).toEqual({ ...again, config: "b: 2" });
  expect(loadParentDraft(name, "r2")).toBeUndefined();
});
