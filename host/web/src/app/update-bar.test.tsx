import { screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob, reportName } from "@/testing/samples";

it("says that the host does not answer, keeps what is known, and goes on by itself when it is back", async () => {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  renderPage("/jobs", host);
  await screen.findByRole("link", { name: "report" });
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.goDown();
  expect(await screen.findByText("The host does not answer")).toBeDefined();
  expect(screen.getByRole("link", { name: "report" })).toBeDefined();
  host.down = false;
  await waitFor(() => { expect(screen.queryByText("The host does not answer")).toBeNull(); });
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  const run = host.addRun({ id: "0193a4b2-77c1", job: reportName, status: 6 });
  host.runChanges.send({ run, matches: true });
  expect(await screen.findByRole("link", { name: "Success: run 0193a4b2-77c1" })).toBeDefined();
});

it("notices a host that is back also where there is no location to tell of", async () => {
  const host = new MemoryHost();
  renderPage("/deployment", host);
  await screen.findByText("No code location yet");
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.goDown();
  expect(await screen.findByText("The host does not answer")).toBeDefined();
  host.down = false;
  await waitFor(() => { expect(screen.queryByText("The host does not answer")).toBeNull(); });
});
