import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { withBrowser } from "./harness/browser";
import { section, see, seeText, soon } from "./harness/see";
import { withWorld } from "./harness/world";

// That no dialog opens and that nothing is asked of other hosts is watched on every page of every test.
const world = withWorld({ locations: ["code", "peer"] });
const browser = withBrowser();
const job = "/jobs/code/tests/hostile";

beforeAll(async () => {
  await world.serve("code", "testcode");
  await world.serve("peer", "peerserver", "--protocol", "0.15.0", "--declare", "--unsafe");
});

describe("text from user code is inert", () => {
  test("on the job's page: description, metadata, tags, config schema", async () => {
    const page = await browser.open(world.url(job));
    await see(section(page, "Description").getByText("A heading"));
    await seeText(section(page, "Metadata"), /<script>alert\("script"\)<\/script>/);
    await seeText(section(page, "Tags that every run gets"), /javascript:alert\('tag'\)/);
    await seeText(section(page, "Config"), /<\/script><script>alert\('schema'\)/);
    await see(section(page, "Description").getByRole("link", { name: "safe" }));
    await see(section(page, "Description").getByText("click me"));
    await expectInert(page);

    await page.getByRole("button", { name: "op hostile_op" }).click();
    await see(page.getByRole("button", { name: "Back to the job" }));
    await see(section(page, "Description").getByText("A heading"));
    await expectInert(page);
    await page.goto(world.url("/jobs"));
    await see(page.getByRole("link", { name: "hostile", exact: true }));
    await expectInert(page);
  });

  test("on the Launchpad and the run's page: tags, log lines with markup and terminal codes, the failure", async () => {
    const page = await browser.open(world.url(`${job}/launchpad`));
    await page.getByRole("button", { name: "Insert all fields" }).click();
    await seeText(page.locator(".cm-content"), /alert/);
    await see(page.getByText("Nothing is wrong with this launch."));
    await expectInert(page);
    await page.getByRole("button", { name: /^Launch the run/ }).click();
    await see(page.locator("h1").getByText("Failure"));
    const events = page.getByRole("region", { name: "Events" }).last();
    await seeText(events, /<script>alert\("script"\)<\/script>/);
    await seeText(events, /red/);
    await expectInert(page);

    for (const line of [/^\S+ info hostile_op <script>/, /^\S+ warning hostile_op .*red/, /^\S+ error hostile_op javascript:/]) {
      await events.getByRole("button", { name: line }).first().click();
      await see(page.getByRole("region", { name: "The chosen event" }));
      await expectInert(page);
    }
    await page.getByRole("button", { name: "First error" }).click();
    await expectInert(page);
    await page.goto(world.url("/runs"));
    await see(page.getByRole("table", { name: "Runs" }));
    await seeText(page.getByRole("table", { name: "Runs" }), /<script>/);
    await expectInert(page);
  });

  test("long values and many tags stay within the page, at any width", async () => {
    const many = Array.from({ length: 100 }, (_, n) => ["--tag", `team.example/key_${n}=value ${n}`]).flat();
    const run = await world.launch("failing", "--tag", `long=${"x".repeat(4000)}`, "--tag", `words=${"lorem ipsum ".repeat(300)}`, "--tag", `${"k".repeat(63)}=v`, "--tag", "rtl=مرحبا بالعالم", ...many);
    await world.hasStatus(run, "FAILURE");
    const page = await browser.open(world.url("/runs"));
    await see(page.getByTitle(run));
    await see(page.getByRole("button", { name: /^\d+ more tags$/ }));
    await expectNoWider(page);
    await page.goto(world.url(`/runs/${run}`));
    await see(page.locator("h1").getByText("Failure"));
    await expectNoWider(page);
  });

  test("in metadata that no SDK would send", async () => {
    const page = await browser.open(world.url("/jobs/peer/unsafe/links"), { expected: [/status of 40[04]/] });
    await see(section(page, "Metadata"));
    await seeText(section(page, "Metadata"), /javascript:alert\(1\)/);
    await seeText(section(page, "Metadata"), /Of 8 entries, some are not shown/);
    await expectInert(page);
  });
});

/** Nothing makes the page wider than the window. */
async function expectNoWider(page: Page): Promise<void> {
  for (const width of [1280, 800, 400]) {
    await page.setViewportSize({ width, height: 800 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { ...soon, message: `width of the page in ${width} pixels` }).toBeLessThanOrEqual(width);
  }
}

// Control characters but tab and line break, and what turns the direction of the text that follows.
const obeyed = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** What only markup in users' text can have made. */
async function expectInert(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const elements = [...document.querySelectorAll("body *")];
    const bad = elements.filter((element) => {
      if (["SCRIPT", "IFRAME", "OBJECT", "EMBED", "IMG", "STYLE", "FORM"].includes(element.tagName)) {
        // The page's own: its script, its search forms.
        return !element.matches('script[type="module"][src^="/assets/"], form:not([action]), style[data-mantine-styles]');
      }
      return element.getAttributeNames().some((name) => name.startsWith("on"));
    });
    const links = [...document.querySelectorAll("a[href], area[href], use[href]")].map((link) => link.getAttribute("href") ?? "");
    return {
      elements: bad.map((element) => element.outerHTML.slice(0, 200)),
      links: links.filter((href) => !/^(https?:\/\/|mailto:|\/(?!\/)|#)/.test(href)),
      foreign: [...document.querySelectorAll<HTMLAnchorElement>("a[href^='http']")]
        .filter((link) => link.origin !== location.origin && (link.target !== "_blank" || !link.rel.includes("noopener")) && !link.closest(".react-flow__attribution"))
        .map((link) => link.outerHTML),
      texts: elements.flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent ?? "")),
    };
  });
  expect(found.elements, "elements that user code made").toEqual([]);
  expect(found.links, "links that user code made").toEqual([]);
  expect(found.foreign, "links to elsewhere without protection").toEqual([]);
  expect(found.texts.filter((text) => obeyed.test(text)), "text with codes that terminals or readers obey").toEqual([]);
}
