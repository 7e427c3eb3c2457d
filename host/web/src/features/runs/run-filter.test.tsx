import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { CompleteSelectorResponse_Suggestion_Kind as Kind, SearchService, SelectorSubject } from "@/gen/penstock/host/v1/runfilter_pb";
import { RunStatus } from "@/gen/penstock/host/v1/runstatus_pb";
import { MemoryHost } from "@/testing/memory-host";
import { renderPage } from "@/testing/render-page";
import { reportName } from "@/testing/samples";

const { QUEUED, STARTED, SUCCESS, FAILURE, CANCELED, WAITING_FOR_CODE } = RunStatus;

function hostWith(...statuses: RunStatus[]) {
  const host = new MemoryHost();
  statuses.forEach((status, index) => {
    host.addRun({ id: `0193000${index}-77c1`, job: reportName, status, tags: [{ key: "team", value: index % 2 === 0 ? "etl" : "web site" }], createdAt: timestampFromMs(Date.now() - index * 5 * 3_600_000) });
  });
  return host;
}

const rows = async () => within(await screen.findByRole("table", { name: "Runs" })).getAllByRole("row").slice(1);
const box = () => screen.findByRole<HTMLInputElement>("combobox", { name: "Selector of runs" });
const tabs = async () => within(await screen.findByRole("navigation", { name: "Runs by status" })).getAllByRole("link").map((tab) => tab.textContent);

it("applies a selector with Enter, keeps it in the address, and says what is wrong with it and where", async () => {
  const { user, address } = renderPage("/runs", hostWith(SUCCESS, FAILURE, SUCCESS));
  expect(await rows()).toHaveLength(3);
  const unapplied = () => screen.queryByText("Enter", { selector: "kbd" });
  expect(unapplied()).toBeNull();
  await user.type(await box(), "team=etl and =");
  expect(unapplied()).not.toBeNull();
  await user.keyboard("{Enter}");
  expect((await screen.findByRole("alert")).textContent).toBe("team=etl and =Column 14: a value is missing here");
  expect(screen.getByText("=", { selector: "mark" })).toBeDefined();
  expect((await box()).getAttribute("aria-invalid")).toBe("true");
  expect(address()).toBe("/runs");
  await user.type(await box(), "{Backspace>5/}");
  expect(screen.queryByRole("alert")).toBeNull();
  await user.keyboard("{Enter}");
  await waitFor(() => { expect(address()).toBe("/runs?where=team=etl"); });
  await waitFor(async () => { expect(await rows()).toHaveLength(2); });
  expect(unapplied()).toBeNull();
});

it("says what is wrong with the selector of an address", async () => {
  renderPage("/runs?where=team=", hostWith(SUCCESS));
  expect((await screen.findByRole("alert")).textContent).toContain("Column 6: a value is missing here");
  expect(screen.queryByText("Could not list runs")).toBeNull();
  expect((await box()).value).toBe("team=");
});

it("offers keys, then values, with counts; arrows choose, Enter takes, Escape closes", async () => {
  const host = hostWith(SUCCESS);
  host.search.complete = ({ text, cursor, subject }) => {
    expect(subject).toBe(SelectorSubject.RUNS);
    const at = text.indexOf("=") + 1;
    if (at > 0) return { from: at, to: cursor, suggestions: [{ text: '"data team"', label: "data team", kind: Kind.VALUE, count: 1204n }] };
    return {
      from: 0,
      to: cursor,
      suggestions: [
        { text: "team=", label: "team", kind: Kind.TAG_KEY, count: 7n },
        { text: "status", label: "status", kind: Kind.FIELD },
      ],
      more: true,
    };
  };
  const { user } = renderPage("/runs", host);
  const input = await box();
  await user.type(input, "te");
  const list = within(await screen.findByRole("listbox", { name: "Suggestions" }));
  expect(list.getAllByRole("option").map((option) => option.textContent)).toEqual(["teamtag7", "statusfield"]);
  expect(screen.getByText("There are more: type on")).toBeDefined();
  expect(input.getAttribute("aria-expanded")).toBe("true");
  await user.keyboard("{ArrowDown}");
  const active = list.getByRole("option", { selected: true });
  expect(active.textContent).toBe("teamtag7");
  expect(input.getAttribute("aria-activedescendant")).toBe(active.id);
  await user.keyboard("{ArrowUp}");
  expect(input.hasAttribute("aria-activedescendant")).toBe(false);
  await user.keyboard("{ArrowDown}{Enter}");
  expect(input.value).toBe("team=");
  await user.click(await screen.findByRole("option", { name: /data team/ }));
  expect(input.value).toBe('team="data team" ');
  expect(document.activeElement).toBe(input);
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("listbox")).toBeNull();
});

it("shows exact counts on the tabs, and keeps them true while runs arrive", async () => {
  const host = hostWith(QUEUED, WAITING_FOR_CODE, STARTED, SUCCESS, FAILURE, CANCELED, FAILURE);
  const { user, address } = renderPage("/runs?where=team", host);
  await waitFor(async () => { expect(await tabs()).toEqual(["All 7", "Queued 2", "In progress 1", "Done 4", "Failed 2"]); });
  await user.click(screen.getByRole("link", { name: "Failed 2" }));
  expect(address()).toBe("/runs?where=team&status=FAILURE");
  await waitFor(async () => { expect(await rows()).toHaveLength(2); });
  expect(screen.getByRole("link", { name: "Failed 2" }).getAttribute("aria-current")).toBe("page");
  await waitFor(() => { expect(host.runChanges.size).toBe(1); });
  const asked = host.search.counted.length;
  for (let n = 0; n < 20; n++) host.runChanges.send({ run: host.addRun({ id: `0193ffff${n}`, job: reportName, status: n === 0 ? FAILURE : QUEUED, tags: [{ key: "team", value: "etl" }] }), matches: true });
  await waitFor(async () => { expect(await tabs()).toEqual(["All 27", "Queued 21", "In progress 1", "Done 5", "Failed 3"]); });
  // The stream is of all statuses; the page shows its own.
  expect(await rows()).toHaveLength(3);
  expect(host.search.counted.length - asked).toBeLessThan(4);
});

it("shows other statuses of an address as chips", async () => {
  const { user, address } = renderPage("/runs?status=SUCCESS&status=CANCELED", hostWith(SUCCESS, FAILURE, CANCELED));
  expect(await rows()).toHaveLength(2);
  await user.click(screen.getByRole("button", { name: "Remove status Canceled from the filter" }));
  expect(address()).toBe("/runs?status=SUCCESS");
});

it("chooses when runs were created, and leaves the rest of the selector", async () => {
  const { user, address } = renderPage("/runs?where=team", hostWith(SUCCESS, SUCCESS, SUCCESS));
  await user.click(await screen.findByRole("button", { name: "Any time" }));
  await user.click(within(await screen.findByRole("dialog", { name: "When runs were created" })).getByRole("button", { name: "Last hour" }));
  await waitFor(() => { expect(address()).toBe("/runs?where=team+and+created%3E-1h"); });
  await waitFor(async () => { expect(await rows()).toHaveLength(1); });
  await user.click(screen.getByRole("button", { name: "Last hour" }));
  const dialog = within(await screen.findByRole("dialog", { name: "When runs were created" }));
  await user.type(dialog.getByLabelText("From"), "2026-11-23T10:00");
  await user.type(dialog.getByLabelText("Until"), "2026-11-23T09:00");
  expect(dialog.getByRole("alert").textContent).toBe("It ends before it begins.");
  await user.clear(dialog.getByLabelText("Until"));
  await user.click(dialog.getByRole("button", { name: "Use these times" }));
  const from = new Date("2026-11-23T10:00").toISOString().slice(0, 19);
  await waitFor(() => { expect(decodeURIComponent(address())).toBe(`/runs?where=team+and+created>=${from}Z`); });
  await user.click(await screen.findByRole("button", { name: "Custom time" }));
  await user.click(within(await screen.findByRole("dialog", { name: "When runs were created" })).getByRole("button", { name: "Any time" }));
  await waitFor(() => { expect(address()).toBe("/runs?where=team"); });
});

it("keeps filters as views in the browser: saves, applies and deletes them", async () => {
  const { user, address } = renderPage("/runs?where=team=etl&status=FAILURE", hostWith(SUCCESS, FAILURE, FAILURE));
  await user.click(await screen.findByRole("button", { name: "Views" }));
  const dialog = () => within(screen.getByRole("dialog", { name: "Saved views" }));
  await user.type(await screen.findByLabelText("Save the present filter as"), "etl failures{Enter}");
  expect(window.localStorage.getItem("penstock.runs.views")).toBe('[{"name":"etl failures","where":"team=etl","statuses":["FAILURE"]}]');
  await user.keyboard("{Escape}");
  await user.click(screen.getByRole("link", { name: /^All/ }));
  await waitFor(() => { expect(address()).toBe("/runs?where=team=etl"); });
  await user.click(screen.getByRole("button", { name: "Views" }));
  await user.click(await screen.findByRole("link", { name: "etl failures" }));
  expect(address()).toBe("/runs?where=team=etl&status=FAILURE");
  await user.click(screen.getByRole("button", { name: "Views" }));
  await user.click(await screen.findByRole("button", { name: "Delete the view etl failures" }));
  expect(dialog().getByText("Nothing is saved in this browser yet.")).toBeDefined();
  expect(window.localStorage.getItem("penstock.runs.views")).toBe("[]");
});

it("keeps the views that another tab has saved meanwhile", async () => {
  const { user } = renderPage("/runs?where=team=etl", hostWith(SUCCESS));
  await user.click(await screen.findByRole("button", { name: "Views" }));
  window.localStorage.setItem("penstock.runs.views", '[{"name":"theirs","where":"n","statuses":[]}]');
  await user.type(await screen.findByLabelText("Save the present filter as"), "mine{Enter}");
  const views = within(screen.getByRole("list", { name: "Views" }));
  expect(views.getAllByRole("link").map((link) => link.textContent)).toEqual(["mine", "theirs"]);
  expect(window.localStorage.getItem("penstock.runs.views")).toBe('[{"name":"mine","where":"team=etl","statuses":[]},{"name":"theirs","where":"n","statuses":[]}]');
});

it("applies a selector to the view that is there when it was looked at, and not once more was typed", async () => {
  const host = hostWith(SUCCESS, FAILURE, SUCCESS);
  const { user, address } = renderPage("/runs", host);
  await rows();
  await user.type(await box(), "team=etl{Escape}");
  const first = host.held.next(SearchService.method.completeSelector);
  await user.keyboard("{Enter}");
  await first.taken;
  await user.click(screen.getByRole("link", { name: /^Failed/ }));
  expect(address()).toBe("/runs?status=FAILURE");
  first.give();
  await waitFor(() => { expect(address()).toBe("/runs?where=team=etl&status=FAILURE"); });
  await user.type(await box(), " and a=1{Escape}");
  const second = host.held.next(SearchService.method.completeSelector);
  await user.keyboard("{Enter}");
  await second.taken;
  await user.type(await box(), "2");
  second.give();
  await user.keyboard("{Enter}");
  await waitFor(() => { expect(address()).toBe("/runs?where=team=etl+and+a=12&status=FAILURE"); });
});
