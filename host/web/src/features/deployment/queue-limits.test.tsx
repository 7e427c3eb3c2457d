import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";

it("shows the limits of the queue, each value apart, and leads to the runs that they count", async () => {
  const host = new MemoryHost();
  host.limits = [
    { name: "etl in production", where: "env=prod and team=etl", atMost: 4, inProgress: 4, waiting: 17 },
    {
      name: "each customer", each: "customer", atMost: 1, inProgress: 2, waiting: 3, valueCount: 12,
      values: [{ value: "acme & co", inProgress: 1, waiting: 3 }, { value: "", inProgress: 1 }],
    },
  ];
  renderPage("/deployment", host);
  const table = within(await screen.findByRole("region", { name: "Limits of the queue" }));
  expect(table.getAllByRole("row").slice(1).map((row) => row.textContent)).toEqual([
    "etl in production4417", "each customer21 each3", "acme & co113", "customer without a value110", "and 10 values with fewer runs",
  ]);
  const where = (name: string) => new URLSearchParams(table.getByRole("link", { name }).getAttribute("href")!.split("?")[1]).get("where");
  expect(where("etl in production")).toBe("env=prod and team=etl");
  expect(where("each customer")).toBe("tag:customer");
  expect(where("acme & co")).toBe('customer="acme & co"');
  expect(where("customer without a value")).toBe('customer=""');
});

it("shows no limits where there are none", async () => {
  renderPage("/deployment", new MemoryHost());
  expect(await screen.findByText("1 / 10")).toBeDefined();
  expect(screen.queryByText("Limits of the queue")).toBeNull();
});
