/** The dashboard of the whole service in a real browser: a board is adopted, boots, is reassigned, and rolled back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundleDashboard } from '../../src/cli/bundle-dashboard.ts';
import { requestOk } from '../../src/cli/api-client.ts';
import { barriers } from '../support/accessible.ts';
import { openBrowser, watchPage, type OpenBrowser } from '../support/chromium.ts';
import { boardAddress, boardMac, ServeFixture, storageAddress } from '../support/serve-fixture.ts';

const base = 'http://127.0.0.1:8443/';
const boot = `http://${storageAddress}/boot/v1`;
const patience = { timeout: 20_000 };
const project = path.resolve(import.meta.dirname, '../..');

const site = new ServeFixture();
let opened: OpenBrowser;
let browser: Browser;
let page: Page;
let troubles: string[];
let scratch: string;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'dashboard-'));
  await bundleDashboard(project, path.join(project, 'dist/dashboard'));
  await site.open();
  const compute = { image: 'small', overlays: ['base'] };
  await site.writeCluster({ roles: { compute, login: { ...compute, kernelArguments: ['quiet'] } } });
  await site.publish('20261122.1', 'second\n');
  const service = await site.serve('--no-time');
  await service.line(/part\.ready part=api-tcp/);
  for (const scope of ['read', 'admin']) {
    const answer = await requestOk(site.socket, 'POST', '/tokens', { name: scope, scope });
    if (answer.kind === 'no-service') throw new Error('the service has ended');
    tokens[scope] = (answer.body as { token: string }).token;
  }
  opened = await openBrowser(site.net.enter('storage'));
  browser = opened.browser;
  page = await browser.newPage();
  troubles = watchPage(page);
}, 120_000);
afterAll(async () => {
  await opened.close();
  await site.close();
  await rm(scratch, { recursive: true });
}, 60_000);

async function logIn(on: Page, scope: string): Promise<void> {
  await on.goto(base);
  await on.getByLabel('Token').fill(tokens[scope] ?? '');
  await on.getByRole('button', { name: 'Open' }).click();
  await on.getByText('Live', { exact: true }).waitFor(patience);
}

const tile = (name: string) => page.locator(`[data-node="${name}"]`);
const panel = () => page.getByRole('dialog', { name: 'node01' });
const view = (name: string) => page.getByRole('navigation').getByRole('link', { name });

async function nodeNow(): Promise<{ role: string; status: { state: string; desired?: { image: string } } }> {
  const answer = await requestOk(site.socket, 'GET', '/nodes/node01');
  if (answer.kind === 'no-service') throw new Error('the service has ended');
  return answer.body as { role: string; status: { state: string; desired?: { image: string } } };
}

/** As the node does it, from its own address. */
async function report(bearer: string, form: string): Promise<void> {
  await site.onBoard('curl', '-fsS', '-H', `authorization: Bearer ${bearer}`, '-d', form, `${boot}/phase`);
}

async function bootToken(): Promise<string> {
  const line = await site.onBoard('curl', '-sS', `tftp://${storageAddress}/cmdline.txt`);
  return /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
}

test('a token that is none is refused with what to do, a right one opens the rack', async () => {
  await page.goto(base);
  expect(await barriers(page)).toEqual([]);
  await page.getByLabel('Token').fill('pi_wrong');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('alert').getByText('this token is not known').waitFor(patience);

  await logIn(page, 'admin');

  await page.getByText('There are no nodes yet.').waitFor(patience);
  await page.reload();
  await page.getByText('Live', { exact: true }).waitFor(patience);
});

test('a board that nobody knows turns up by itself and is adopted', async () => {
  await site.powerOn();
  await view('Boards').getByText('1 wait for a name').waitFor(patience);
  await view('Boards').click();
  await page.getByText(boardMac).waitFor(patience);
  expect(await barriers(page)).toEqual([]);

  await page.getByRole('button', { name: /^Adopt/ }).click();
  await page.getByLabel('Address').fill('10.42.0.1');
  await page.getByRole('button', { name: 'Adopt', exact: true }).click();
  await page
    .getByRole('alert')
    .getByText(/10\.42\.0\.1/)
    .first()
    .waitFor(patience);
  await page.getByLabel('Address').fill(boardAddress);
  await page.getByRole('button', { name: 'Adopt', exact: true }).click();

  await panel().waitFor(patience);
  await panel().getByText('It never booted.').waitFor(patience);
  expect(await nodeNow()).toMatchObject({ role: 'compute', status: { state: 'new' } });
  await page.keyboard.press('Escape');
  await page.getByText('No board waits for a name.').waitFor(patience);
});

test('its boot is seen as it happens, phase by phase', async () => {
  await view('Rack').click();
  await tile('node01').focus();
  await page.keyboard.press('Enter');
  await panel().waitFor(patience);

  // The address that it had before it had a name.
  await site.onBoard('ip', 'address', 'flush', 'dev', 'end0');
  await site.powerOn();
  await panel().getByText('Booting now').waitFor(patience);
  const token = await bootToken();
  await report(token, 'phase=root&uptime=3.6');
  await panel().getByRole('rowheader', { name: 'root' }).waitFor(patience);
  expect(await panel().getByRole('rowheader', { name: 'ready' }).count()).toBe(0);
  const tar = path.join(scratch, 'overlay.tar');
  const ask = (file: string, ...more: string[]) =>
    site.onBoard('curl', '-fsS', '-H', `authorization: Bearer ${token}`, ...more, `${boot}/${file}`);
  const [digest] = (await ask('overlay.sha256')).split(' ');
  await ask('overlay.tar', '-o', tar);
  await report(token, `phase=overlay&uptime=3.8&digest=${digest}&agent=yes`);
  const key = (await site.onBoard('tar', '-xOf', tar, 'etc/pi-image/boot.key')).trim();
  await report(key, 'phase=userspace&uptime=9');
  await panel().getByRole('rowheader', { name: 'userspace' }).waitFor(patience);
  await report(key, 'phase=ready&uptime=12');

  await panel()
    .getByText(/^ready after/)
    .waitFor(patience);
  expect(await barriers(page)).toEqual([]);
  await page.getByText('node01 is ready.').waitFor({ ...patience, state: 'attached' });
  await page.keyboard.press('Escape');
  await expect.poll(() => page.evaluate('document.activeElement?.dataset.node'), patience).toBe('node01');
  await expect
    .poll(() => tile('node01').getAttribute('aria-label'), patience)
    .toMatch(/^node01: ready, role compute, image small@20261122\.1/);

  // What is no event: its temperature comes with a heartbeat.
  const form = 'phase=ready&uptime=20&load=0.10&temperature=57.4';
  await site.onBoard('curl', '-fsS', '-H', `authorization: Bearer ${key}`, '-d', form, `${boot}/heartbeat`);
  await tile('node01').getByText('57 °C').waitFor(patience);
});

test('it gets another role, once one has seen what that changes', async () => {
  await tile('node01').click();
  await panel().getByRole('button', { name: 'Change role…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Role of node01' });
  await dialog.getByLabel('New role').selectOption('login');
  await dialog.getByText('Nothing is restarted now.').click();
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText('compute → login').waitFor(patience);
  await dialog.getByText('quiet', { exact: true }).waitFor(patience);
  expect(await barriers(page)).toEqual([]);
  expect(await nodeNow()).toMatchObject({ role: 'compute' });

  await dialog.getByRole('button', { name: 'Change role' }).click();

  await panel().getByText('login', { exact: true }).waitFor(patience);
  expect(await nodeNow()).toMatchObject({ role: 'login' });
  await page.keyboard.press('Escape');
});

test('one board is rolled back from its panel, and follows the newest version again', async () => {
  const boots = async (choice: string, from: string, to: string) => {
    await tile('node01').click();
    await panel().getByRole('button', { name: 'Roll back…' }).click();
    const dialog = page.getByRole('dialog', { name: 'What node01 boots' });
    await dialog.getByLabel('Version of small').selectOption({ label: choice });
    await dialog.getByRole('button', { name: 'Preview' }).click();
    await dialog.getByText(`small@${from} → small@${to}`).waitFor(patience);
    expect(await barriers(page)).toEqual([]);
    expect((await nodeNow()).status.desired?.image).toBe(`small@${from}`);
    await dialog.getByRole('button', { name: `Boot ${to}` }).click();
    await dialog.waitFor({ ...patience, state: 'detached' });
    await panel().getByText(`small@${to}`).first().waitFor(patience);
    expect((await nodeNow()).status.desired?.image).toBe(`small@${to}`);
    await page.keyboard.press('Escape');
  };

  await boots('Roll back: the version before', '20261122.1', '20261121.1');
  await boots('Always the newest', '20261121.1', '20261122.1');
});

test('an operation is begun for chosen boards, followed, and stopped', async () => {
  await page.getByRole('button', { name: 'Choose several' }).click();
  await tile('node01').click();
  expect(await tile('node01').getAttribute('aria-pressed')).toBe('true');
  await page.getByRole('button', { name: 'Change role…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Role of node01' });
  await dialog.getByLabel('New role').selectOption('compute');
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText('login → compute').waitFor(patience);
  await dialog.getByRole('button', { name: 'Change role of 1 node' }).click();

  await page.getByRole('heading', { name: 'Role compute for node01' }).waitFor(patience);
  await page.getByText('reboot', { exact: true }).waitFor(patience);
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('button', { name: /^Stop operation/ }).click();
  await page.getByRole('button', { name: 'Stop it' }).click();
  await page
    .getByText(/stopping|cancelled|failed|done/)
    .first()
    .waitFor(patience);
});

test('a role goes back to the version before', async () => {
  await view('Images').click();
  await page.getByRole('rowheader', { name: /20261121\.1/ }).waitFor(patience);
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('button', { name: 'Version that role compute boots' }).click();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('small@20261122.1 → small@20261121.1').waitFor(patience);
  await page.getByRole('button', { name: 'Boot 20261121.1' }).click();

  await page.getByRole('dialog').waitFor({ ...patience, state: 'detached' });
  const answer = await requestOk(site.socket, 'PUT', '/roles/compute/image?dryRun=true', { version: '20261121.1' });
  expect(answer).toMatchObject({ body: { isChanged: false } });
  expect(await nodeNow()).toMatchObject({ role: 'compute', status: { desired: { image: 'small@20261121.1' } } });
  await view('Events').click();
  await page.getByText('Role compute boots small@20261121.1 instead of small@20261122.1 by admin').waitFor(patience);
  expect(await barriers(page)).toEqual([]);
});

test('dark has enough contrast too, and stays over a reload', async () => {
  await view('Rack').click();
  await page.getByRole('button', { name: /^Colours: system/ }).click();
  await page.getByRole('button', { name: /^Colours: light/ }).click();
  await page.reload();
  await page.getByRole('button', { name: /^Colours: dark/ }).waitFor(patience);
  await tile('node01').waitFor(patience);

  expect(await barriers(page)).toEqual([]);
  for (const name of ['Images', 'Events', 'Operations']) {
    await view(name).click();
    expect(await barriers(page)).toEqual([]);
  }
});

describe('who may only read', () => {
  test('sees all of it, and is told which token it takes for more', async () => {
    const other = await browser.newPage();
    await logIn(other, 'read');
    await other.locator('[data-node="node01"]').click();
    await other.getByRole('button', { name: 'Reboot…' }).click();
    await other.getByRole('button', { name: 'Reboot', exact: true }).click();

    const refusal = other.getByRole('alert').getByText('this needs the scope operate');
    await refusal.waitFor(patience);
    expect(await refusal.isVisible()).toBe(true);
    const inline = "document.head.append(Object.assign(document.createElement('script'), { text: '1' }))";
    await expect(other.evaluate(inline)).rejects.toThrow('TrustedScript');
    await other.close();
  });

  test('is asked for another token once its own is revoked', async () => {
    const other = await browser.newPage();
    await logIn(other, 'read');
    await requestOk(site.socket, 'DELETE', '/tokens/read');

    await other.getByLabel('Token').waitFor(patience);
    expect(await other.getByRole('alert').textContent()).toContain('this token is not known');
    await other.close();
  });
});

test('nothing went wrong on the page meanwhile, and it asked nobody else', () => {
  expect(troubles).toEqual([]);
});
