import type { AxeResults } from "axe-core";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Serious and critical faults of the page as it is, by WCAG 2.2 A and AA and good practice, each with where it is. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (root: Document, options: object) => Promise<AxeResults> } };
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] });
    // What is small in a graph is made larger by its zoom, and the pane beside it does the same.
    const inGraph = (target: unknown) => typeof target === "string" && document.querySelector(`.react-flow__viewport :is(${target})`) !== null;
    return violations.map((violation) => (violation.id !== "target-size" ? violation : { ...violation, nodes: violation.nodes.filter((node) => !inGraph(node.target[0])) }));
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""})`));
}
