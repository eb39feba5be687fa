/** The dashboard of the whole service in a real browser: the first view, and the frames while boards boot. */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Page } from 'playwright-core';

import { run } from '../../src/host/process.ts';
import { openBrowser, type OpenBrowser } from '../support/chromium.ts';
import { forgetTiming, readTiming, timePage } from '../support/page-timing.ts';
import type { FleetSite } from './fleet-site.ts';

const patienceMs = 60_000;
const address = 'http://127.0.0.1:8443/';

export interface Frames {
  readonly worstFrameMs: number;
  readonly longestTaskMs: number;
}

const onOtherProcessors = ['taskset', '-c', `1-${cpus().length - 1}`];

/** A browser is another machine: all but itself that this process starts from now on shares the first processor. */
export async function leaveRoomForBrowsers(): Promise<void> {
  await run(['taskset', '-acp', '0', String(process.pid)], { signal: AbortSignal.timeout(patienceMs) });
}

export class FleetPages {
  readonly #site: FleetSite;
  readonly #opened: OpenBrowser;

  private constructor(site: FleetSite, opened: OpenBrowser) {
    this.#site = site;
    this.#opened = opened;
  }

  /** On the storage node: the API is on loopback there. */
  static async open(site: FleetSite): Promise<FleetPages> {
    return new FleetPages(site, await openBrowser([...site.fixture.net.enter('storage'), ...onOtherProcessors]));
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  /** @returns milliseconds from the navigation to the frame with all boards; nothing is in the browser's cache */
  async firstViewMs(token: string): Promise<number> {
    const page = await this.#openPage(token);
    const { firstViewMs = Number.NaN } = await readTiming(page);
    await page.context().close();
    return firstViewMs;
  }

  async framesDuring(token: string, work: () => Promise<unknown>): Promise<Frames> {
    const page = await this.#openPage(token);
    // What the first view was late with is not the storm's.
    await sleep(1000);
    await forgetTiming(page);
    await work();
    const frames = await readTiming(page);
    await page.context().close();
    return frames;
  }

  async #openPage(token: string): Promise<Page> {
    const context = await this.#opened.browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const page = await context.newPage();
    await page.addInitScript(timePage(token, this.#site.nodes.length));
    // Chromium first loads its own address bar into each new window, for a good second of this machine.
    await sleep(2000);
    await page.goto(address);
    // Not Playwright's own waiting for a condition: it evaluates text in the page, which the page's policy forbids.
    const deadline = Date.now() + patienceMs;
    while ((await readTiming(page)).firstViewMs === undefined) {
      if (Date.now() > deadline) throw new Error('after a minute not all boards are in the page');
      await sleep(100);
    }
    return page;
  }
}
