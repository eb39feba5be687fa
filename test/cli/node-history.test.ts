/** pi-image node show and history, asked of a service that answers what a test says. */
import { createServer } from 'node:http';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { renderTime } from '../../src/cli/format.ts';
import { parseYaml } from '../../src/host/yaml-file.ts';
import { z } from 'zod';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { t0, timelines } from '../support/sample-timelines.ts';
import { sampleNode } from '../support/sample-view.ts';

const image = 'debian-lite@20261121.1';
const failed = { ...timelines['fails-itself'], image, role: 'compute' };
const boots = [failed, { ...timelines.ready, image, role: 'login' }, timelines.waited];

const node01 = {
  ...sampleNode('node01'),
  status: {
    state: 'failed',
    reason: failed.closed?.cause,
    running: { generation: 'old', image, role: 'login' },
    desired: { generation: 'new', image: 'debian-lite@20261122.1' },
    lastBoot: failed,
    heartbeat: {
      boot: failed.id,
      atMs: Date.now() - 5000,
      phase: 'failed',
      uptimeSeconds: 600,
      load: 0.12,
      temperatureCelsius: 48.3,
      generation: 'old',
    },
  },
};

const answers: Readonly<Record<string, unknown>> = {
  '/api/v1/nodes': [node01, { ...sampleNode('node02'), status: { state: 'new', reason: undefined } }],
  '/api/v1/nodes/node01/boots': boots,
  '/api/v1/nodes/node02/boots': [],
  '/api/v1/nodes/node01/history': [
    { atMs: t0, kind: 'node.role-set', node: 'node01', what: 'role compute -> login', by: 'ops', cause: 'why' },
  ],
  '/api/v1/nodes/node02/history': [],
};

async function servedSite(): Promise<TestSite> {
  const site = await sampleSite();
  await mkdir(path.join(site.dir, 'run'));
  const server = createServer((request, response) => {
    const body = answers[request.url ?? ''];
    const problem = { title: 'there is no node node09', detail: 'Nodes are: node[01-02].' };
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? problem));
  }).listen(path.join(site.dir, 'run/api.sock'));
  onTestFinished(() => void server.close());
  return site;
}

describe('node history', () => {
  test('lists boots with how they ended and why, and below them who changed what', async () => {
    const { run } = await servedSite();

    const { out } = await run('node', 'history', 'node01');

    const began = renderTime(t0);
    expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'BEGAN | IMAGE | ROLE | GENERATION | OUTCOME',
      `${began} | ${image} | compute | 4f0c1d6f7f0e | failed after 40.0 s | slurmd.service: error: cannot find [31m cgroup`,
      `${began} | ${image} | login | 4f0c1d6f7f0e | ready after 33.3 s`,
      `${began} | - | - | 4f0c1d6f7f0e | ready after 74.2 s`,
      '',
      'WHEN | WHAT | BY | WHY',
      `${began} | role compute -> login | ops | why`,
      '',
    ]);
  });

  test('gives programs the changes alone', async () => {
    const { run } = await servedSite();

    const { out } = await run('node', 'history', 'node01', '--changes', '-o', 'json');

    const what = { kind: 'node.role-set', node: 'node01', what: 'role compute -> login', by: 'ops', cause: 'why' };
    expect(JSON.parse(out)).toEqual([{ at: '2026-11-21T08:15:00.000Z', ...what }]);
    expect((await run('node', 'history', 'node02', '--changes')).out).toBe('no change of node02 is remembered\n');
  });

  test.each(['json', 'yaml'])('gives programs %s', async (format) => {
    const { run } = await servedSite();

    const { out } = await run('node', 'history', 'node01', '-o', format);

    const [first, second] = parseYaml(out, 'shown', z.array(z.record(z.string(), z.unknown()))).value;
    expect(first).toMatchObject({
      outcome: 'failed',
      role: 'compute',
      image,
      seconds: 40,
      cause: failed.closed?.cause,
    });
    expect(second).toMatchObject({ outcome: 'ready', began: '2026-11-21T08:15:00.000Z', seconds: 33.3, files: 9 });
    expect(second?.['phases']).toContainEqual({ phase: 'loading', seconds: 0.4 });
  });

  test('draws each boot when asked', async () => {
    const { run } = await servedSite();

    const { out } = await run('node', 'history', 'node01', '--waterfall');

    expect(out.match(/^loading .*█+.* 31 MB in 9 files$/gm)).toHaveLength(3);
    expect(out).toContain(`${renderTime(t0)}, ${image}: ready after 33.3 s`);
  });

  test('says so when there is none, when there is no such node, and when there is no service', async () => {
    const { run } = await servedSite();
    expect((await run('node', 'history', 'node02')).out).toBe('node02 has not booted yet\n');
    expect((await run('node', 'history', 'node09')).err).toContain('there is no node node09');

    const alone = await sampleSite();
    expect((await alone.run('node', 'history', 'node01')).err).toContain('systemctl start pi-image');
  });
});

describe('node show', () => {
  test('is what the node is, where it stands, and its last boot', async () => {
    const { run } = await servedSite();

    const { out } = await run('node', 'show', 'node01');

    // The clock goes on while the command is started.
    const heard = expect.stringMatching(/^heard: {7}\d+s ago, up 10m, load 0\.12, 48\.3 degrees$/);
    expect(out.split('\n\n')[0]?.split('\n')).toEqual([
      'node:        node01',
      'role:        compute',
      'board:       pi5, Raspberry Pi 5, 500, CM5',
      'address:     10.42.0.11',
      'serial:      9ffefdef',
      'mac:         2c:cf:67:01:02:03',
      'state:       failed',
      `runs:        ${image} as login`,
      'next boot:   debian-lite@20261122.1',
      heard,
    ]);
    expect(out).toContain(`\n\nlast boot, ${renderTime(t0)}: failed after 40.0 s\noffered `);
    expect(out).toContain('\ndo:  Run "systemctl --failed" and "journalctl -b" on node01.\n');
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    expect(out).not.toMatch(/\u001B/);
  });

  test('shows several, and gives programs all that the service says', async () => {
    const { run } = await servedSite();

    expect((await run('node', 'show', 'node[01-02]')).out).toMatch(
      /^node: +node01[^]*^node: +node02[^]*^state: +new$/m,
    );
    expect((await run('node', 'show', 'node01', '-o', 'yaml')).out).toContain('\n  state: failed\n');
    expect((await run('node', 'show', 'node09')).err).toContain('node09');
  });

  test('without a service is what the files say', async () => {
    const { run, dir } = await sampleSite();
    await run('apply', '-f', `${dir}/nodes.yaml`);

    expect((await run('node', 'show', 'node01')).out).toContain('state:       not known: no service runs here\n');
    expect((await run('node', 'show', 'node01', '-o', 'json')).out).not.toContain('status');
  });
});
