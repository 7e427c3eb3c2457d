import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation, reportJob } from "@/testing/samples";

it("asks for a token when the host wants one, says when it is wrong, and goes on with the right one", async () => {
  const host = new MemoryHost();
  host.token = "right";
  host.addLocation(readyLocation());
  host.addJob(reportJob());
  const { user } = renderPage("/jobs", host);
  const dialog = within(await screen.findByRole("dialog", { name: "Sign in" }));
  await user.type(dialog.getByLabelText("Token"), "wrong{Enter}");
  const again = within(await screen.findByRole("dialog", { name: "Sign in" }));
  expect(await again.findByText("The host did not accept the token")).toBeDefined();
  await user.type(again.getByLabelText("Token"), "right{Enter}");
  expect(await screen.findByRole("link", { name: "report" })).toBeDefined();
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(window.sessionStorage.getItem("penstock.token")).toBe("right");
  expect(window.localStorage.length).toBe(0);
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
});
