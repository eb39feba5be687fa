/** Reboots through the service, with a program named ssh in front of the real one. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, expect, onTestFinished, test } from 'vitest';

import { withDatabase } from '../../src/host/state-file.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { NewEvent } from '../../src/model/event.ts';
import { beginBoot, closeBoot, reportPhase } from '../../src/plan/boot-timeline.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';

let asked: string;

/** @param script what ssh does once it has written down its arguments */
async function fakeSsh(script: string): Promise<void> {
  await writeFile(path.join(path.dirname(asked), 'ssh'), `#!/bin/sh\nprintf '%s\\n' "$*" >> ${asked}\n${script}\n`);
  await chmod(path.join(path.dirname(asked), 'ssh'), 0o755);
}

const sshCalls = async () => (await readFile(asked, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

beforeEach(async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'ssh-'));
  const before = process.env['PATH'];
  process.env['PATH'] = `${dir}:${before ?? ''}`;
  asked = path.join(dir, 'asked');
  await fakeSsh('exit 0');
  return async () => {
    process.env['PATH'] = before;
    await rm(dir, { recursive: true });
  };
});

/** node01 has run at another address than it is to have now. */
const boot = (nowMs: number): Boot =>
  closeBoot(
    reportPhase(
      beginBoot({
        id: 'b1',
        node: 'node01',
        mac: 'm',
        address: '10.42.0.99',
        generation: 'ab'.repeat(32),
        token: 't',
        sign: 'discover',
        nowMs,
      }),
      { phase: 'overlay', uptimeSeconds: 1, detail: undefined },
      nowMs,
    ),
    'ready',
    nowMs,
  );

async function siteThatRan(events: readonly NewEvent[] = []): Promise<TestSite> {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  await withDatabase(`${site.dir}/state`, new AbortController().signal, async ({ boots }) => {
    await boots.update(() => ({ boots: [boot(Date.now() - 60_000)] }), events);
  });
  return site;
}

const kindsOf = async ({ events }: ServedSite) =>
  (await events.after(0, 100)).map(({ kind }) => kind).filter((kind) => kind.startsWith('node.r'));

test('a role with a reboot tells the node at the address where it runs', async () => {
  const site = await siteThatRan();
  const service = await serveSite(site.dir);

  const { out } = await site.run('node', 'set', 'node01', '--role', 'login', '--reboot');
  await service.reboots.settled();

  expect(out).toContain('\nnode01 reboots now\n');
  const [call = '', ...more] = await sshCalls();
  expect(more).toEqual([]);
  expect(call).toMatch(/ root@10\.42\.0\.99 systemctl reboot$/);
  expect(call).toContain(`UserKnownHostsFile=${site.dir}/state/secrets/ssh/storage/known_hosts`);
  expect(await kindsOf(service)).toEqual(['node.role-set', 'node.reboot-asked', 'node.rebooting']);
});

test('a node that cannot be reached keeps its new role, and says so', async () => {
  await fakeSsh('echo "ssh: connect to host 10.42.0.99 port 22: No route to host" >&2; exit 255');
  const site = await siteThatRan();
  const service = await serveSite(site.dir);

  expect((await site.run('node', 'role', '@compute', 'login', '--reboot')).out).toMatch(
    /\nnode01 reboots now\nnode02 gets it at the next boot: it does not run, as far as is known\n/,
  );
  await service.reboots.settled();

  expect((await site.run('node', 'list', '@login', '-o', 'name')).out).toBe('login\nnode01\nnode02\n');
  expect((await kindsOf(service)).at(-1)).toBe('node.reboot-failed');
  const shown = await site.run('node', 'show', 'node01', '-o', 'json');
  expect(JSON.parse(shown.out)).toMatchObject({
    role: 'login',
    status: {
      rebootFailed: {
        reason: 'ssh to root@10.42.0.99 failed: ssh: connect to host 10.42.0.99 port 22: No route to host',
        hint: expect.stringContaining('switch its power off and on') as never,
      },
    },
  });
  await fakeSsh('exit 0');
  expect((await site.run('node', 'reboot', 'node01')).out).toBe('node01 reboots now\n');
  await service.reboots.settled();

  expect((await site.run('node', 'show', 'node01', '-o', 'json')).out).not.toContain('rebootFailed');
});

test('what a killed service has promised is done by the next one, once', async () => {
  const promise = { kind: 'node.reboot-asked', node: 'node01', fields: { address: '10.42.0.99', by: 'socket' } };
  const site = await siteThatRan([promise]);

  const service = await serveSite(site.dir);
  await service.reboots.settled();

  expect(await sshCalls()).toHaveLength(1);
  expect(await kindsOf(service)).toEqual(['node.reboot-asked', 'node.rebooting']);
});

test('a service that ends does not wait for a node that does not answer', async () => {
  await fakeSsh('exec sleep 60');
  const site = await siteThatRan();
  const startedAtMs = Date.now();
  onTestFinished(() => expect(Date.now() - startedAtMs).toBeLessThan(15_000));
  const service = await serveSite(site.dir);

  await site.run('node', 'reboot', 'node01');

  expect(await kindsOf(service)).toEqual(['node.reboot-asked']);
});
