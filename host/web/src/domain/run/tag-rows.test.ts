import { expect, it } from "vitest";
import { givenKeys, newRow, rowProblems, tagsOf, type TagRow } from "./tag-rows";

const row = (id: string, key: string, value: string, bare = false): TagRow => ({ id, key, value, bare });

it("trims, and leaves out empty rows", () => {
  const rows = [row("1", " team ", " etl\t"), row("2", "", "  "), row("3", "label", "", true)];
  expect(rowProblems(rows)).toEqual([]);
  expect(tagsOf(rows)).toEqual([{ key: "team", value: "etl" }, { key: "label", value: "" }]);
  expect([...givenKeys(rows)]).toEqual(["team", "label"]);
});

it("leaves the value of a tag that was given as it is, until it is changed", () => {
  const spaces = newRow({ key: "note", value: "  a\n" }, true);
  const blank = newRow({ key: "blank", value: " " }, true);
  expect(rowProblems([spaces, blank])).toEqual([]);
  expect(tagsOf([spaces, blank, { ...spaces, value: " b " }]).map((tag) => tag.value)).toEqual(["  a\n", " ", "b"]);
});

it("blocks half-filled rows, whichever half", () => {
  const problems = rowProblems([row("1", "team", " "), row("2", "", "etl")]);
  expect(problems.map((problem) => [problem.row, problem.kind])).toEqual([["1", "no-value"], ["2", "no-key"]]);
});

it("takes a key that is given twice for a mistake, after trimming", () => {
  const problems = rowProblems([row("1", "team", "a"), row("2", "team ", "b")]);
  expect(problems).toMatchObject([{ row: "2", kind: "duplicate" }]);
});
