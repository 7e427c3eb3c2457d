import type { Page } from "playwright-core";
import { expect } from "vitest";
import { artifact } from "./artifacts";
import { accessibilityFaults } from "./axe";

/** Keeps the page as it is seen, in both schemes, and checks that axe finds no faults and that nothing sticks out sideways. */
export async function lookAt(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await settle(page);
    await page.screenshot({ path: artifact(`${name}-${scheme}.png`), fullPage: true });
    expect.soft(await accessibilityFaults(page), `faults that axe finds in ${scheme} colours`).toEqual([]);
  }
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wider, "pixels that the page is wider than the window").toBeLessThanOrEqual(0);
}

/** Waits until nothing moves any more, and goes to the top. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    window.scrollTo(0, 0);
    // A change of the window's size is seen in the next frame; what it starts ends in its own time.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const moving = () => document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(moving().map((animation) => animation.finished));
  });
}

/** Looks at the page as on a desk and as on a phone, and leaves it as on a desk. */
export async function lookAtBoth(page: Page, name: string): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const each of [width, 400]) {
    await page.setViewportSize({ width: each, height });
    await lookAt(page, `${name}-${each}`);
  }
  await page.setViewportSize({ width, height });
}
