/** How soon a page of the dashboard is there, and how smoothly it goes on: measured by itself. */
import type { Page } from 'playwright-core';

export interface PageTiming {
  /** From the navigation until so many boards are drawn. */
  firstViewMs?: number;
  /** The longest time between two frames since it was set to 0. */
  worstFrameMs: number;
  /** The longest time that scripts, style and layout took in one go, since it was set to 0: what a busy machine cannot lengthen by much. */
  longestTaskMs: number;
}

/** Runs in the page, before anything of it. */
export const timePage = (token: string, boards: number) => `
  sessionStorage.setItem('pi-image.token', ${JSON.stringify(token)});
  globalThis.measured = { worstFrameMs: 0, longestTaskMs: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) measured.longestTaskMs = Math.max(measured.longestTaskMs, duration);
  }).observe({ type: 'longtask' });
  let before = performance.now();
  let isThere = false;
  const frame = (now) => {
    // A frame is laid out and drawn after this is called: what is there is seen by the time of the next call.
    if (isThere) measured.firstViewMs ??= now;
    else isThere = document.querySelectorAll('.tile').length >= ${boards};
    measured.worstFrameMs = Math.max(measured.worstFrameMs, now - before);
    before = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
`;

export const readTiming = (page: Page) => page.evaluate<PageTiming>('measured');

export async function forgetTiming(page: Page): Promise<void> {
  await page.evaluate('measured.worstFrameMs = measured.longestTaskMs = 0');
}
