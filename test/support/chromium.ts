/** Debian's Chromium, driven by playwright-core, which brings no browser of its own. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { chromium, type Browser, type Page } from 'playwright-core';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws when Debian's package chromium is not installed */
async function findChromium(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const file = path.join(folder, 'chromium');
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  throw new Error('chromium is not installed: run "pi-image setup peers"');
}

export interface OpenBrowser {
  readonly browser: Browser;
  readonly close: () => Promise<void>;
}

/** @param enter stands before the command, to start it in a network namespace */
export async function openBrowser(enter: readonly string[] = []): Promise<OpenBrowser> {
  const dir = await mkdtemp(path.join(tmpdir(), 'chromium-'));
  const starter = path.join(dir, 'chromium');
  const words = [...enter, await findChromium()].map((word) => `'${word}'`).join(' ');
  await writeFile(starter, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  const browser = await chromium.launch({ executablePath: starter, args: flags });
  return {
    browser,
    close: async () => {
      await browser.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** What must never happen on a page: written down as it does. */
export function watchPage(page: Page): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A refusal that the page shows is no trouble of the page.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      troubles.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== '127.0.0.1') troubles.push(`asks ${request.url()}`);
  });
  return troubles;
}
