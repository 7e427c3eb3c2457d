import { Code } from "@connectrpc/connect";
import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { DiagnoseResponse_Level as Level } from "@/gen/penstock/host/v1/host_pb";
import { hostError, MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

const lines = () => within(screen.getByRole("list", { name: "Checks" })).queryAllByRole("listitem").map((line) => line.textContent);

it("says what is wrong, how bad it is and what to do; what is well on request", async () => {
  const host = new MemoryHost();
  host.diagnose = () => ({
    checks: [
      { area: "disk", level: Level.ERROR, message: "12 MiB are free.", remedy: "Delete runs." },
      { area: "locations", level: Level.WARNING, message: "It answers slowly.", remedy: "Look at its load.", location: "etl" },
      { area: "clock", level: Level.OK, message: "The clock is right." },
      { area: "new", level: 77 as Level, message: "Of a newer host." },
    ],
  });
  const { user } = renderPage("/deployment", host);
  expect(await screen.findByText(/^3 of 4 checks found something\./)).toBeDefined();
  expect(lines()).toEqual(["Errordisk12 MiB are free.Delete runs.", "WarninglocationsIt answers slowly.Look at its load.Code location etl", "Unknown to this pagenewOf a newer host."]);
  expect(screen.getByRole("link", { name: "Code location etl" }).getAttribute("href")).toBe("/deployment#etl");
  await user.click(screen.getByRole("button", { name: "Show all" }));
  expect(lines()).toContain("OKclockThe clock is right.");
});

it("looks again when it is asked to", async () => {
  const host = new MemoryHost();
  host.diagnose = () => ({ checks: [{ area: "disk", level: Level.WARNING, message: "Little is free." }] });
  const { user } = renderPage("/deployment", host);
  await screen.findByText("Little is free.");
  host.diagnose = () => ({ checks: [{ area: "disk", level: Level.OK, message: "Much is free." }] });
  await user.click(screen.getByRole("button", { name: "Look again" }));
  expect(await screen.findByText(/^Nothing is wrong: 1 check passed\./)).toBeDefined();
});

it("says in plain words that an older host does not look, and that a call failed", async () => {
  const host = new MemoryHost();
  renderPage("/deployment", host);
  expect(await screen.findByText(/^This host is older than this page/)).toBeDefined();
  const broken = new MemoryHost();
  broken.diagnose = () => { throw hostError(Code.Internal, "no luck"); };
  renderPage("/deployment", broken);
  expect(await screen.findByText("Could not look for what is wrong")).toBeDefined();
});
