/** What somebody on the boot network tries with the tokens, keys and names of others, over HTTP and TFTP. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  attackSite,
  kernel,
  node01,
  node02,
  outside,
  secretOf,
  type AttackSite,
  type Told,
} from '../support/attack-site.ts';
import { setUp } from './tftp-setup.ts';

const tftp = setUp();

let site: AttackSite;
beforeEach(async () => {
  site = await attackSite();
});
afterEach(() => site.close());

const overlay = (from: typeof node01, bearer: string | undefined) => site.ask('overlay.tar', { from, bearer });
const post = (route: string, from: typeof node01, bearer: string, fields: Record<string, string>) =>
  site.ask(route, { from, method: 'POST', bearer, fields });
/** With the status, what of a secret is in the answer. */
const gist = ({ status, body }: Told) => `${status}${/the \w+ of node/.exec(body)?.[0] ?? ''}`;

/** A RRQ as anybody can make one. @returns the answer's bytes or its ERROR */
async function readOver(name: string | Uint8Array, from = node01): Promise<string> {
  const server = await tftp.start({}, { find: site.find });
  const client = await tftp.newClient(from.address);
  const bytes = Buffer.from(name);
  client.send(Buffer.concat([Buffer.from([0, 1]), bytes, Buffer.from('\0octet\0')]), server.port);
  const { packet } = await client.next();
  if (packet.kind === 'data') return Buffer.from(packet.bytes).toString('latin1');
  return packet.kind === 'error' ? `ERROR ${packet.code}` : packet.kind;
}

describe('a token that somebody has seen on the wire', () => {
  test('fetches the overlay of its boot, from its address', async () => {
    const told = await overlay(node01, await site.begin(node01));

    expect(told.status).toBe(200);
    expect(told.body).toContain(secretOf(node01, 'mungeKey'));
  });

  test('is worth nothing once the overlay was applied', async () => {
    const { token } = await site.bootToReady(node01);

    expect(gist(await overlay(node01, token))).toBe('403');
    expect(gist(await post('phase', node01, token, { phase: 'failed' }))).toBe('403');
  });

  test('is worth nothing after ten minutes', async () => {
    const token = await site.begin(node01);
    site.world.nowMs += 10 * 60_000;

    expect(gist(await overlay(node01, token))).toBe('403');
  });

  test('is worth nothing from another address, where a node boots or none does, and the boot goes on', async () => {
    const token = await site.begin(node01);

    expect(gist(await overlay(node02, token))).toBe('403');
    await site.begin(node02);
    expect(gist(await overlay(node02, token))).toBe('403');
    expect((await overlay(node01, token)).status).toBe(200);
  });

  test('is worth nothing in the next boot', async () => {
    const before = await site.begin(node01);
    await post('phase', node01, before, { phase: 'failed' });
    const after = await site.begin(node01);

    expect(after).not.toBe(before);
    expect(gist(await overlay(node01, before))).toBe('403');
    expect((await overlay(node01, after)).status).toBe(200);
  });

  test('is in no answer and no line of the log', async () => {
    const token = await site.begin(node01);
    const answers = [
      await overlay(node02, token),
      await overlay(node01, `${token}x`),
      await overlay(node01, undefined),
    ];

    expect(JSON.stringify(answers) + site.lines.join('\n')).not.toContain(token);
  });
});

describe('the token of a node that is up', () => {
  test('is told to nobody: not with its command line, over HTTP or TFTP, and not to whoever asks for it', async () => {
    const { token } = await site.bootToReady(node01);
    const who = { serial: '9ffefdef', mac: '2c:cf:67:01:02:03', nonce: '0'.repeat(32) };

    const told: Told[] = [
      await site.ask('files/cmdline.txt', { from: node01 }),
      await site.ask('files/9ffefdef/cmdline.txt', { from: node01 }),
      await post('token', node01, '', who),
    ];

    expect(told.map(({ status }) => status)).toEqual([404, 404, 403]);
    expect(JSON.stringify(told)).not.toMatch(/pi_image\.token=[\w-]{43}/);
    expect(await readOver('cmdline.txt')).toBe('ERROR 1');
    expect(await readOver('9ffefdef/cmdline.txt')).toBe('ERROR 1');
    expect(site.newestOf(node01)?.token).toBeUndefined();
    expect(gist(await overlay(node01, token))).toBe('403');
  });

  test('is not made anew for whoever claims to be its board, while the node answers', async () => {
    const { key } = await site.bootToReady(node01);
    const alive = { phase: 'ready', uptime: '20', load: '0.1' };
    const [digest = ''] = /[0-9a-f]{64}/.exec((await post('heartbeat', node01, key, alive)).body) ?? [];
    const held = post('heartbeat', node01, key, { ...alive, digest, wait: '8' });
    await sleep(200);

    const claimed = site.boots.arrive(node01, '02:00:00:00:00:66', 'discover');
    // As the agent does: what its answer asks for, it sends at once.
    expect((await held).body).toContain('check');
    await post('heartbeat', node01, key, alive);

    expect(await claimed).toMatchObject({ kind: 'refused' });
    expect(await readOver('cmdline.txt')).toBe('ERROR 1');
    expect(site.boots.all()).toHaveLength(1);
  });
});

describe('another node', () => {
  test('gets no overlay but its own, whatever it brings', async () => {
    const first = await site.bootToReady(node01);
    const token = await site.begin(node02);

    const own = await overlay(node02, token);
    expect(own.body).toContain(secretOf(node02, 'sshHostKey'));
    expect(own.body).not.toContain(secretOf(node01, 'sshHostKey'));
    for (const bearer of [first.token, first.key]) expect(gist(await overlay(node02, bearer))).toBe('403');
  });

  test('gets nothing with the key of another, and cannot speak for it', async () => {
    const { key } = await site.bootToReady(node01);
    await site.bootToReady(node02);
    const alive = { phase: 'failed', uptime: '20', load: '0.1', detail: 'forged' };

    expect(gist(await site.ask('live.tar', { from: node02, bearer: key }))).toBe('403');
    expect(gist(await post('heartbeat', node02, key, alive))).toBe('403');
    expect(gist(await post('phase', node02, key, { phase: 'failed', detail: 'forged' }))).toBe('403');
    expect(gist(await post('eeprom', node02, key, { build: '00000000' }))).toBe('403');
    expect(site.heartbeats.of('node01')?.phase).toBe('ready');
  });

  test.each(['9ffefdef/', '2c-cf-67-01-02-03/', '9FFEFDEF/'])(
    'gets no file below %s, the prefix of another',
    async (prefix) => {
      await site.begin(node01);
      await site.begin(node02);

      for (const name of ['cmdline.txt', 'config.txt', 'kernel8.img']) {
        expect((await site.ask(`files/${prefix}${name}`, { from: node02 })).status).toBe(404);
        expect(await readOver(`${prefix}${name}`, node02)).toBe('ERROR 1');
      }
      expect(site.lines.filter((line) => line.startsWith('boot.foreign-prefix')).length).toBeGreaterThan(0);
    },
  );
});

describe('a name that is asked for over TFTP and HTTP', () => {
  test('is served when it is one', async () => {
    await site.begin(node01);

    expect(await readOver('kernel8.img')).toBe(kernel.toString('latin1', 0, 512));
    expect((await site.ask('files/kernel8.img', { from: node01 })).status).toBe(200);
  });

  test.each([
    '../manifest.json',
    '9ffefdef/../manifest.json',
    '9ffefdef/../../manifest.json',
    '../../../../../../etc/passwd',
    'a/../../manifest.json',
    '/etc/passwd',
    '//etc/passwd',
    '/kernel8.img',
    './kernel8.img',
    'kernel8.img/',
    'kernel8.img/.',
    'KERNEL8.IMG',
    '..\\manifest.json',
    'C:\\boot.ini',
    '%2e%2e/manifest.json',
    '..%2fmanifest.json',
    'kernel8.img%00',
    'kernel8.img\n',
    'kernel8.img\r\nx: y',
    '\u001b[2J',
    '~root/.ssh/id_ed25519',
    '$(id)',
    '`id`',
    ';reboot',
    '{{node.name}}',
    '__proto__',
    'constructor',
    'toString',
    '.',
    '..',
    '*',
    'ünïcödé',
    '\u202egmi.8lenrek',
    '𝕜ernel8.img',
    'x'.repeat(300),
    `${'a/'.repeat(100)}kernel8.img`,
    'pieeprom.bin',
    '9ffefdef/pieeprom.upd',
    'recovery.bin',
    'vl805.bin',
  ])('%j is an error, and nothing of a file', async (name) => {
    await site.begin(node01);

    expect(await readOver(name)).toMatch(/^ERROR [1-4]$/);
    const told = await site.ask(`files/${encodeURIComponent(name)}`, { from: node01 });
    expect(told.status).toBeGreaterThanOrEqual(400);
    expect(told.status).toBeLessThan(500);
    expect(told.body).not.toMatch(new RegExp(`${outside}|root:|kkkk|at .*\\.ts:`));
  });

  test('may be bytes that are no text', async () => {
    await site.begin(node01);

    expect(await readOver(Buffer.from([0xff, 0xfe, 0x80, 0xc0, 0xaf]))).toMatch(/^ERROR [1-4]$/);
  });
});
