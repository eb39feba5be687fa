/** The dashboard with a thousand boards: how soon it is there, and whether it stutters while a quarter of them boots. */
import path from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { bundleDashboard } from '../../src/cli/bundle-dashboard.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { openBrowser, type OpenBrowser } from '../support/chromium.ts';
import { forgetTiming, readTiming, timePage } from '../support/page-timing.ts';
import { servePage, shownCluster, type ServedPage, type ShownCluster } from '../support/shown-cluster.ts';

const project = path.resolve(import.meta.dirname, '../..');
const firstViewLimitMs = 1000;
const frameLimitMs = 100;
/** Another program may have had the processor: the best of these counts. */
const tries = 3;

let opened: OpenBrowser;
let cluster: ShownCluster;
let served: ServedPage;

beforeAll(async () => {
  await bundleDashboard(project, path.join(project, 'dist/dashboard'));
  cluster = shownCluster(1000, Date.now());
  served = await servePage(cluster.actions);
  opened = await openBrowser();
}, 60_000);
afterAll(async () => {
  await opened.close();
  served.close();
});

async function openPage(): Promise<Page> {
  // A context of its own: nothing is in its cache.
  const context = await opened.browser.newContext({ viewport: { width: 1600, height: 1000 } });
  const page = await context.newPage();
  await page.addInitScript(timePage('read', 1000));
  await page.goto(served.url);
  await expect.poll(() => page.evaluate('measured.firstViewMs'), { timeout: 30_000, interval: 200 }).toBeDefined();
  return page;
}

async function best(measure: () => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let count = 0; count < tries; count += 1) found.push(await measure());
  return Math.min(...found);
}

test(`a thousand boards are there within ${firstViewLimitMs} ms`, async () => {
  const firstViewMs = await best(async () => {
    const page = await openPage();
    const measured = await readTiming(page);
    await page.context().close();
    return measured.firstViewMs ?? Infinity;
  });

  expect(firstViewMs).toBeLessThan(firstViewLimitMs);
});

const phases = ['loading', 'kernel', 'network', 'root', 'overlay', 'userspace'];

/** Each step of all boards within two thirds of a second, as in a storm. */
async function storm(round: number): Promise<void> {
  const booting = cluster.nodes.slice(0, 256).map(({ name }) => ({ name, boot: `${name}-storm${round}` }));
  const step = async (kind: string, fields: NewEvent['fields'] = {}) => {
    for (let begin = 0; begin < booting.length; begin += 32) {
      const some = booting.slice(begin, begin + 32);
      cluster.tell(some.map(({ name, boot }) => ({ kind, node: name, fields: { boot, ...fields } })));
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
  };
  await step('boot.begun', { image: 'debian-lite@20261121.2' });
  for (const phase of phases) await step('boot.phase', { phase });
  await step('boot.ready', { seconds: 33 });
}

test(`no frame takes longer than ${frameLimitMs} ms while 256 of them boot`, { timeout: 120_000 }, async () => {
  const page = await openPage();
  let round = 0;
  const worstMs = await best(async () => {
    await forgetTiming(page);
    await storm((round += 1));
    return (await readTiming(page)).worstFrameMs;
  });

  expect(worstMs).toBeLessThan(frameLimitMs);
  expect(worstMs).toBeGreaterThan(0);
  await page.context().close();
});
