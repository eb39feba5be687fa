/** With a program named ssh in front of the real one: what it is asked, and what becomes of its answers. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { rebootNode, runOnNode } from '../../src/host/ssh.ts';
import { HostError } from '../../src/model/errors.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';

const before = process.env['PATH'];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'ssh-'));
  process.env['PATH'] = `${dir}:${before ?? ''}`;
});

afterEach(async () => {
  process.env['PATH'] = before;
  await rm(dir, { recursive: true });
});

async function options(script: string) {
  await writeFile(path.join(dir, 'ssh'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${dir}/asked\n${script}\n`);
  await chmod(path.join(dir, 'ssh'), 0o755);
  return {
    address: parseIpv4('10.42.0.11'),
    key: { sshArguments: ['-i', '/keys/user'] },
    deadlineMs: 10_000,
    signal: new AbortController().signal,
  };
}

test('a command runs as root, with the key of the storage node and without a terminal', async () => {
  const given = await options('echo done');

  expect(await runOnNode({ ...given, command: 'uptime' })).toBe('done\n');
  const asked = (await readFile(path.join(dir, 'asked'), 'utf8')).trim().split('\n');
  expect(asked.slice(0, 3)).toEqual(['-n', '-i', '/keys/user']);
  expect(asked.slice(-2)).toEqual(['root@10.42.0.11', 'uptime']);
});

test('what ssh says is the reason; paths of keys are not', async () => {
  const given = await options('echo "ssh: connect to host 10.42.0.11 port 22: No route to host" >&2; exit 255');

  const error = await rebootNode(given).catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(HostError);
  expect(error).toMatchObject({
    message: 'ssh to root@10.42.0.11 failed: ssh: connect to host 10.42.0.11 port 22: No route to host',
    hint: expect.stringContaining('Does its role have the overlay ssh') as never,
  });
  expect(await readFile(path.join(dir, 'asked'), 'utf8')).toContain('systemctl reboot\n');
});

test('a program that fails without a word is told by its exit code', async () => {
  await expect(rebootNode(await options('exit 3'))).rejects.toThrow('root@10.42.0.11 failed: failed with exit code 3');
});

test('a node that goes down before it has said good-bye has taken the order', async () => {
  const given = await options('echo "Connection to 10.42.0.11 closed by remote host." >&2; exit 255');

  await expect(rebootNode(given)).resolves.toBeUndefined();
  await expect(runOnNode({ ...given, command: 'uptime' })).rejects.toThrow('closed by remote host');
});

test('a node that does not answer in time is given up', async () => {
  const given = { ...(await options('exec sleep 60')), deadlineMs: 200 };

  await expect(rebootNode(given)).rejects.toThrow('it did not answer within 0.2 s');
});

test('the end of the service is no failure of the node', async () => {
  const stop = new AbortController();
  const given = { ...(await options('exec sleep 60')), signal: stop.signal };
  const ends = rebootNode(given);

  setTimeout(() => stop.abort(new Error('stopped by SIGTERM')), 100);

  await expect(ends).rejects.toThrow('stopped by SIGTERM');
});
