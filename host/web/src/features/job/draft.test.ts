// @vitest-environment jsdom
import { afterEach, expect, it } from "vitest";
import { emptyDraft, loadDraft, saveDraft } from "./draft";

const name = { location: "l", repository: "r", job: "j" };
const other = { ...name, job: "k" };

afterEach(() => {
  window.localStorage.clear();
});

it("keeps a draft per job", () => {
  const draft = { config: "a: 1", tags: [{ key: "team", value: "etl" }], ops: "*a", digest: "00ff" };
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
