import { expect, it } from "vitest";
import { instancePath, isWithin, templatePath } from "./op-path";

it.each([
  ["read", "read"],
  ["load[a].parse", "load.parse"],
  ["parse[a.b][2]", "parse"],
])("%s is of %s", (path, template) => {
  expect(templatePath(path)).toBe(template);
});

it.each([
  ["parse", "parse", true],
  ["parse[a]", "parse", true],
  ["parse[a]", "parse[a]", true],
  ["parse[ab]", "parse[a]", false],
  ["parser", "parse", false],
  ["load[a].parse", "load", true],
  ["load[a].parse", "load.parse", true],
  ["load[a].parse[x]", "load[a].parse", true],
  ["load[b].parse", "load[a].parse", false],
  ["load.parse", "parse", false],
])("%s is within %s: %j", (path, op, want) => {
  expect(isWithin(path, op)).toBe(want);
});

it("puts the key at the node that is mapped", () => {
  const depths: Record<string, number> = { parse: 1, load: 1, "load.inner": 1, twice: 2 };
  const depthOf = (template: string) => depths[template] ?? 0;
  expect(instancePath("parse", "k", depthOf)).toBe("parse[k]");
  expect(instancePath("load.op", "k", depthOf)).toBe("load[k].op");
  expect(instancePath("load[a].inner.op", "k", depthOf)).toBe("load[a].inner[k].op");
  expect(instancePath("twice[a]", "b", depthOf)).toBe("twice[a][b]");
  expect(instancePath("unknown", "k", depthOf)).toBe("unknown[k]");
});
