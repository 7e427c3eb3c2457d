import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** The bound of what the page should show soon. */
export const soon = { timeout: 20_000, interval: 50 };

/** Waits until exactly one such element is visible. */
export async function see(locator: Locator): Promise<void> {
  await locator.waitFor({ state: "visible" });
}

/** Waits until no such element is visible. */
export async function seeNone(locator: Locator): Promise<void> {
  await locator.waitFor({ state: "hidden" });
}

/** Waits until the element's text holds the given one. */
export async function seeText(locator: Locator, text: string | RegExp): Promise<void> {
  await expect.poll(() => locator.innerText(), soon).toMatch(text);
}

/** Waits until the address's path and query hold what is given. */
export async function seeAddress(page: Page, part: RegExp): Promise<void> {
  await page.waitForURL((url) => part.test(decodeURIComponent(url.pathname + url.search + url.hash)));
}

/** A part of the page by its heading. */
export function section(page: Page, name: string | RegExp): Locator {
  return page.getByRole("region", { name, exact: true });
}
