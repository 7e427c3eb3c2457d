import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob, reportName } from "@/testing/samples";

function hostWithAll() {
  const host = new MemoryHost();
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  host.addRun({ id: "0193a4b2-77c1-7d10", job: reportName, status: RunStatus.SUCCESS });
  return host;
}

it("opens with /, finds a job, and Enter goes there", async () => {
  const { user, address } = renderPage("/deployment", hostWithAll());
  await screen.findByRole("heading", { name: "Deployment" });
  await user.keyboard("/");
  await user.type(await screen.findByRole("combobox", { name: /Search jobs/ }), "report");
  const found = await screen.findByRole("option", { name: /report/ });
  expect(found.getAttribute("aria-selected")).toBe("true");
  await user.keyboard("{Enter}");
  expect(address()).toBe("/jobs/local/tutorial/report");
});

it("finds a run by the beginning of its id, a location and a page; the arrows choose", async () => {
  const { user, address } = renderPage("/deployment", hostWithAll());
  await screen.findByRole("heading", { name: "Deployment" });
  await user.keyboard("/");
  const field = await screen.findByRole("combobox", { name: /Search jobs/ });
  await user.type(field, "0193a4b2");
  expect(await screen.findByRole("option", { name: /Success/ })).toBeDefined();
  await user.clear(field);
  await user.type(field, "lo");
  expect(await screen.findByRole("option", { name: /local.*Ready/ })).toBeDefined();
  await user.clear(field);
  await user.type(field, "runs");
  const list = within(screen.getByRole("listbox", { name: "Found" }));
  await list.findByRole("option", { name: /Runs in progress/ });
  await user.keyboard("{ArrowDown}{Enter}");
  expect(address()).toBe("/runs?status=STARTING&status=STARTED&status=CANCELING");
});
