import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { see, seeNone } from "./harness/see";
import { withWorld } from "./harness/world";

const token = "correct-horse-battery-staple";
const world = withWorld({ locations: ["local"], env: { PENSTOCK_TOKEN: token } });
const browser = withBrowser();
const refused = { expected: [/status of 401/] };

beforeAll(async () => {
  await world.serve("local", "tutorial");
});

describe("a host with a token", () => {
  test("asks for it, refuses a wrong one, and shows its pages with the right one until the tab is closed", async () => {
    const page = await browser.open(world.url("/jobs"), refused);
    const dialog = page.getByRole("dialog", { name: "Sign in" });
    await see(dialog);
    const jobs = page.getByRole("link", { name: "my_job_with_metadata", exact: true });
    expect(await jobs.count(), "jobs before the sign-in").toBe(0);
    const field = dialog.getByLabel("Token");
    expect(await field.getAttribute("type")).toBe("password");
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await see(dialog.getByText("The host did not accept the token"));
    expect(await jobs.count(), "jobs with a wrong token").toBe(0);
    await field.fill(token);
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await seeNone(dialog);
    await see(page.getByRole("link", { name: "my_job_with_metadata", exact: true }));
    expect(page.url(), "the token is in no address").not.toContain(token);

    // Streams are let in as well: a run is seen to its end.
    const run = await world.launch("my_job_with_tags");
    await page.goto(world.url(`/runs/${run}`));
    await see(page.locator("h1").getByText("Success"));

    await page.reload();
    await see(page.locator("h1").getByText("Success"));
    await seeNone(dialog);
    expect(await page.evaluate((text) => JSON.stringify(Object.entries(localStorage)).includes(text) || document.cookie.includes(text), token), "the token outlives the tab").toBe(false);

    const other = await browser.open(world.url("/jobs"), refused);
    await see(other.getByRole("dialog", { name: "Sign in" }));
  });
});
