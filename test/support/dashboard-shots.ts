/** Takes the pictures of docs/dashboard.md: npx tsx test/support/dashboard-shots.ts. Needs Debian's chromium. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import type { BrowserContextOptions, Page } from 'playwright-core';

import { bundleDashboard } from '../../src/cli/bundle-dashboard.ts';
import { openBrowser } from './chromium.ts';
import { servePage, shownCluster } from './shown-cluster.ts';
import { shownStory } from './shown-story.ts';

const project = path.resolve(import.meta.dirname, '../..');
const folder = path.join(project, 'docs/images');

interface Shot {
  readonly name: string;
  readonly options: BrowserContextOptions;
  readonly go: (page: Page) => Promise<void>;
}

const wide = { viewport: { width: 1440, height: 860 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const shots: readonly Shot[] = [
  {
    name: 'rack-light',
    options: { ...wide, colorScheme: 'light' },
    go: (page) => page.locator('.tile').first().waitFor(),
  },
  {
    name: 'rack-dark',
    options: { ...wide, colorScheme: 'dark' },
    go: (page) => page.locator('.tile').first().waitFor(),
  },
  {
    name: 'boot-dark',
    options: { ...wide, colorScheme: 'dark' },
    go: async (page) => {
      await page.locator('[data-node="node15"]').click();
      await page.getByText('Booting now').waitFor();
    },
  },
  {
    name: 'role-light',
    options: { ...wide, colorScheme: 'light' },
    go: async (page) => {
      await page.locator('[data-node="node02"]').click();
      await page.getByRole('button', { name: 'Change role…' }).click();
      await page.getByLabel('New role').selectOption('login');
      await page.getByRole('button', { name: 'Preview' }).click();
      await page.getByText('compute → login').waitFor();
    },
  },
  {
    name: 'rollouts-light',
    options: { ...wide, colorScheme: 'light' },
    go: async (page) => {
      await page.getByRole('link', { name: 'Rollouts' }).click();
      await page.getByText('Canary').first().waitFor();
    },
  },
  {
    name: 'rack-phone',
    options: { ...phone, colorScheme: 'light' },
    go: (page) => page.locator('.tile').first().waitFor(),
  },
  {
    name: 'boot-phone',
    options: { ...phone, colorScheme: 'dark' },
    go: async (page) => {
      await page.locator('[data-node="node08"]').click();
      await page.getByText(/^failed after/).waitFor();
    },
  },
];

await mkdir(folder, { recursive: true });
await bundleDashboard(project, path.join(project, 'dist/dashboard'));
const cluster = shownCluster(48, Date.now(), shownStory(Date.now()));
const served = await servePage(cluster.actions);
const opened = await openBrowser();
for (const { name, options, go } of shots) {
  const context = await opened.browser.newContext({ ...options, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.addInitScript("sessionStorage.setItem('pi-image.token', 'admin')");
  await page.goto(served.url);
  await go(page);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
  await context.close();
}
await opened.close();
served.close();
