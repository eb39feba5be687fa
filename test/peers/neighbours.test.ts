/** The kernel's table of neighbours while boards load. Needs root. */
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Namespaces, type NamespaceProgram } from '../support/namespaces.ts';

let net: Namespaces;
beforeEach(async () => {
  net = new Namespaces();
  await net.add('server');
  await net.add('boards');
  await net.cable(
    { namespace: 'server', interface: 'eth0', address: '10.42.0.1/24' },
    { namespace: 'boards', interface: 'eth0' },
  );
});
afterEach(() => net.close());

const board = 'dc:a6:32:00:00:11';

function follow(steps: readonly string[], ...before: readonly string[]): NamespaceProgram {
  const script = path.resolve(import.meta.dirname, '../support/follow-boots.ts');
  return net.start('server', [...before, process.execPath, '--import', 'tsx', script, ...steps]);
}

/** `ADDRESS MAC STATE`, a line each. */
async function table(): Promise<string[]> {
  const shown = await net.run('server', ['ip', '-4', 'neighbour', 'show', 'dev', 'eth0']);
  return shown
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().replace(' lladdr', ''))
    .toSorted();
}

const becomes = (expected: readonly string[]) =>
  vi.waitFor(async () => expect(await table()).toEqual(expected), { timeout: 20_000, interval: 100 });

const keep = (address: string, mac: string) =>
  net.run('server', ['ip', 'neighbour', 'add', address, 'lladdr', mac, 'nud', 'permanent', 'dev', 'eth0']);

test('a board is known while its loader works, and asked for by ARP again afterwards', async () => {
  const loading = `10.42.0.11 ${board} offered loading`;
  const program = follow([loading, `${loading} kernel`, loading]);

  await becomes([`10.42.0.11 ${board} PERMANENT`]);
  program.signal('SIGUSR1');
  await becomes([`10.42.0.11 ${board} STALE`]);
  program.signal('SIGUSR1');
  await becomes([`10.42.0.11 ${board} PERMANENT`]);

  expect(await program.stop()).toBe(0);
  expect(await table()).toEqual([`10.42.0.11 ${board} STALE`]);
});

test('what a killed service left is let go, and what an administrator wrote stays', async () => {
  // The first is a node's address, the other none of ours.
  await keep('10.42.0.12', 'dc:a6:32:00:00:12');
  await keep('10.42.0.99', '02:00:00:00:00:99');

  const program = follow([`10.42.0.11 ${board} offered`]);

  await becomes([
    `10.42.0.11 ${board} PERMANENT`,
    '10.42.0.12 dc:a6:32:00:00:12 STALE',
    '10.42.0.99 02:00:00:00:00:99 PERMANENT',
  ]);
  expect(await program.stop()).toBe(0);
});

test('without the privilege it says so once, and goes on', async () => {
  const program = follow([`10.42.0.11 ${board} offered`], 'setpriv', '--bounding-set', '-net_admin');

  expect(await program.line(/neighbours.not-kept/)).toContain('Operation not permitted');
  expect(await program.stop()).toBe(0);
  expect(await table()).toEqual([]);
});
