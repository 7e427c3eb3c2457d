import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportJob, reportName } from "@/testing/samples";

it("leads from a run to its schedule, its partition and its backfill", async () => {
  const host = new MemoryHost();
  host.addJob(reportJob());
  const tags = [["schedule", "nightly"], ["tick", "2026-11-23T06:00:00Z"], ["run_key", "day-1"], ["partition", "2026-11-22"], ["backfill", "0193a4b2-77c1-7d10"]];
  host.addRun({ id: "r1", job: reportName, status: RunStatus.SUCCESS, tags: tags.map(([key, value]) => ({ key: `penstock/${key ?? ""}`, value: value ?? "" })) });
  renderPage("/runs/r1", host);
  const section = within(await screen.findByRole("region", { name: "Launched by and for" }));
  const hrefs = section.getAllByRole("link").map((link) => link.getAttribute("href"));
  expect(hrefs).toEqual([
    "/automation/local/tutorial/nightly",
    "/jobs/local/tutorial/report/runs?where=penstock/partition=2026-11-22",
    "/jobs/local/tutorial/report/partitions",
    "/backfills/0193a4b2-77c1-7d10",
  ]);
  expect(section.getByText("day-1")).toBeDefined();
});
