import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

const since = timestampFromDate(new Date("2026-11-23T10:00:00Z"));

it("shows pools of slots with the ops that have one, and those that wait", async () => {
  const host = new MemoryHost();
  host.pools = [
    {
      name: "warehouse", slots: 1, taken: 1, waiting: 12, unheardRuns: 2,
      ops: [{ runId: "0190aaaa-1", opPath: "load", taken: true, since }, { runId: "0190bbbb-1", opPath: "load", since }],
    },
    { name: "other", taken: 3 },
  ];
  renderPage("/deployment", host);
  const table = within(await screen.findByRole("region", { name: "Pools of slots" }));
  expect(table.getAllByRole("row").slice(1).map((row) => row.textContent)).toEqual([
    "warehouse1112", "load of run 0190aaaa has a slot", "load of run 0190bbbb waits", "and 11 other ops",
    "other3not configured: no limit0", "and 3 other ops",
  ]);
  expect(table.getByRole("link", { name: "run 0190aaaa" }).getAttribute("href")).toBe("/runs/0190aaaa-1");
  expect(screen.getByText(/2 runs did not say yet which slots they have/)).toBeDefined();
});
