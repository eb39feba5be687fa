/** The dashboard of the whole service in a real browser: the first view, and the frames while boards boot. */
import type { Page } from 'playwright-core';

import { openBrowser, type OpenBrowser } from '../support/chromium.ts';
import { forgetTiming, readTiming, timePage } from '../support/page-timing.ts';
import type { FleetSite } from './fleet-site.ts';

const address = 'http://127.0.0.1:8443/';

export interface Frames {
  readonly worstFrameMs: number;
  readonly longestTaskMs: number;
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
    return new FleetPages(site, await openBrowser(site.fixture.net.enter('storage')));
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
    await page.goto(address);
    await page.waitForFunction('measured.firstViewMs !== undefined', undefined, { timeout: 60_000 });
    return page;
  }
}
