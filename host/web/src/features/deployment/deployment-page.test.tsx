import { create } from "@bufbuild/protobuf";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { LocationSchema, LocationState } from "@/gen/penstock/host/v1/location_pb";
import { FeatureState } from "@/gen/penstock/host/v1/refusal_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { readyLocation } from "@/testing/samples";

const card = async (name: string) => within((await screen.findByRole("heading", { name: new RegExp(`^${name}`) })).closest("section")!);

it("shows the host: queue, version, size of its data", async () => {
  renderPage("/deployment", new MemoryHost());
  expect(await screen.findByText("1 / 10")).toBeDefined();
  expect(screen.getByText("2", { selector: "strong" })).toBeDefined();
  expect(screen.getByText("2.0 KiB")).toBeDefined();
  expect(screen.getByText("1.2.3")).toBeDefined();
  expect(screen.getByText("No code location yet")).toBeDefined();
});

it("shows each location: address, versions, what it may do, error and remedy", async () => {
  const host = new MemoryHost();
  host.addLocation({
    ...readyLocation(),
    name: "local",
    capabilities: [
      { capability: "job_metadata", state: FeatureState.REFUSED, refusal: { message: "Too old.", remedy: "Upgrade.", reported: '"0.14.17"', required: "0.14.18" } },
      { capability: "list_jobs", state: FeatureState.SHOWN },
    ],
  });
  host.addLocation({ name: "billing", address: "127.0.0.1:1", state: LocationState.INCOMPATIBLE, error: "protocol 2.0.0", remedy: "Upgrade the host." });
  renderPage("/deployment", host);
  const local = await card("local");
  for (const text of ["Ready", "127.0.0.1:4266", "0.15.0", "go · 1.0.0", "abc123", "Refused", "Allowed", "Too old.", '"0.14.17"', "0.14.18"]) {
    expect(local.getByText(text)).toBeDefined();
  }
  const billing = await card("billing");
  for (const text of ["Incompatible", "protocol 2.0.0", "Upgrade the host."]) expect(billing.getByText(text)).toBeDefined();
});

it("reloads a location, and follows it without", async () => {
  const host = new MemoryHost();
  host.addLocation({ name: "local", state: LocationState.UNAVAILABLE, error: "nothing listens" });
  const { user } = renderPage("/deployment", host);
  const local = await card("local");
  host.locations = [create(LocationSchema, readyLocation())];
  await user.click(local.getByRole("button", { name: "Reload" }));
  expect(await local.findByText("Ready")).toBeDefined();
  expect(host.reloaded).toEqual(["local"]);
  await waitFor(() => { expect(host.locationChanges.size).toBe(1); });
  host.locations = [];
  host.locationChanges.send({ location: { name: "local" }, removed: true });
  expect(await screen.findByText("No code location yet")).toBeDefined();
});
