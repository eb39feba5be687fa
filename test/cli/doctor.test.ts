/** pi-image doctor: what it prints of what the service says and of what it finds itself, and when it fails. */
import { createServer } from 'node:http';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { sampleSite, type TestSite } from '../support/command-line.ts';
import { sampleNode } from '../support/sample-view.ts';

const cause = 'it was offered its address 3 times, and did not take it';
const finding = { kind: 'node', name: 'node01', severity: 'wrong', rule: 'offer-not-taken', cause, hint: 'Look.' };
const note = {
  kind: 'node',
  name: 'node02',
  severity: 'note',
  rule: 'slow-port',
  cause: 'a slow\u001B[2J port',
  hint: '',
};
const count = (times: number) => ({ count: times, firstMs: 0, lastMs: 24_000 });

const lastBoot = {
  id: 'b1',
  dhcp: { discover: count(3), offer: count(3) },
  files: 1,
  unfinished: [{ file: 'kernel8.img', sizeBytes: 9, bytes: 4, blockSizeBytes: 1, atMs: 0 }],
  missing: [{ file: 'start4.elf', reason: 'why' }],
};

const answers: Readonly<Record<string, unknown>> = {
  '/api/v1/diagnosis': { status: 'wrong', nodes: { all: 2, ready: 1 }, findings: [finding, note] },
  '/api/v1/nodes/node01/diagnosis': { node: 'node01', state: 'booting', findings: [finding] },
  '/api/v1/nodes/node01': { ...sampleNode('node01'), status: { state: 'booting', lastBoot } },
  '/api/v1/nodes/node02/diagnosis': { node: 'node02', state: 'ready', findings: [] },
  '/api/v1/nodes/node02': { ...sampleNode('node02'), status: { state: 'ready' } },
};

async function servedSite(files?: Readonly<Record<string, string>>): Promise<TestSite> {
  const site = await sampleSite(files);
  await mkdir(path.join(site.dir, 'run'));
  const server = createServer((request, response) => {
    const body = answers[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { title: 'there is no node node09', detail: 'Nodes are: node[01-02].' }));
  }).listen(path.join(site.dir, 'run/api.sock'));
  onTestFinished(() => void server.close());
  return site;
}

test('the site: nodes with cause and cure, then what this machine lacks; it fails', async () => {
  const { run } = await servedSite();

  const { code, out, err } = await run('doctor');

  expect(code).toBe(1);
  expect(err).toMatch(/pi-image: \d+ things are wrong/);
  expect(out).toMatch(/^1 of 2 nodes are ready\.\n\nWRONG\n/);
  expect(out).toContain(`  node01: ${cause}\n    do: Look.\n`);
  expect(out).toMatch(/ {2}machine \S+: this machine has no interface eth0|eth0 .*does not have 10\.42\.0\.1\/24/);
  expect(out).toContain('NOTES\n');
  // What a node says steers no terminal.
  expect(out).toContain('  node02: a slow [2J port\n');
});

test('for programs: every finding with its rule', async () => {
  const { run } = await servedSite();

  const { code, out } = await run('doctor', '-o', 'json');

  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ status: 'wrong', nodes: { all: 2, ready: 1 } });
  expect((JSON.parse(out) as { findings: unknown[] }).findings).toContainEqual(finding);
});

test('a node: its state, what was seen of it, why, and what stands in its way here', async () => {
  const { run } = await servedSite();

  const { code, out, err } = await run('doctor', 'node01');

  expect([code, err]).toEqual([1, 'pi-image: one thing is wrong\n']);
  expect(out).toContain(
    'node01: booting\nseen: DISCOVER 3, OFFER 3, no REQUEST, 1 file, kernel8.img not to its end, start4.elf missing\n' +
      `\nWRONG\n  node01: ${cause}\n    do: Look.\n`,
  );
  expect(out).toContain('\nThe storage node:\n');
});

test('a node that is well is no failure', async () => {
  const { run } = await servedSite();

  expect(await run('doctor', 'node02')).toEqual({
    code: 0,
    out: 'node02: ready\n\nNothing speaks against it.\n',
    err: '',
  });
});

test('a node that there is not is named, with those that there are', async () => {
  const { run } = await servedSite();

  expect(await run('doctor', 'node09')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no node node09'),
  });
});

test('without a service the machine and the files are looked at all the same', async () => {
  const { run } = await sampleSite();

  const { code, out } = await run('doctor');

  expect(code).toBe(1);
  expect(out).toContain('part pi-image: no service runs here\n    do: Start it with "systemctl start pi-image"');
});

test('a cluster.yaml that cannot be read is told with file and line', async () => {
  const { run } = await sampleSite({ 'cluster.yaml': 'cluster: plum\ncolour: blue\n' });

  const { code, out } = await run('doctor');

  expect(code).toBe(1);
  expect(out).toMatch(/cluster\.yaml:2: colour: /);
});
