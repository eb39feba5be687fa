/** Looks for what keeps people from using a page: names of buttons, contrast, order of headings. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface AxeRun {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** @returns one line for each rule of WCAG 2.2 AA that is broken */
export async function barriers(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no script in.
  await page.evaluate(axe.source);
  const run = await page.evaluate<AxeRun>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return run.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
  );
}
