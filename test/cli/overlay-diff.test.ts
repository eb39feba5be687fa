/** pi-image overlay diff: what the service knows of a node, and what is printed of it. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';

import { apiApp } from '../../src/api/app.ts';
import { overlayReport } from '../../src/cli/wire-up-overlays.ts';
import type { Boot } from '../../src/model/boot.ts';
import { createHeartbeats } from '../../src/serve/heartbeats.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';
import { sampleSite } from '../support/command-line.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { sampleBoots } from '../support/sample-boots.ts';
import { sampleNode, sampleOverlay, sampleView } from '../support/sample-view.ts';

const secrets = { mungeKey: Buffer.from('m'), sshHostKey: Buffer.from('k') };
const drift = {
  checkedAtSeconds: 90,
  overlayDigest: undefined,
  count: 1,
  files: [{ what: 'changed' as const, path: 'etc/hosts' }],
};

let sample: Awaited<ReturnType<typeof sampleBoots>>;
beforeEach(async () => {
  sample = await sampleBoots();
});
afterEach(() => sample.remove());

/** node01 runs, and what it boots next has another file. */
async function running() {
  const heartbeats = createHeartbeats(() => sample.world.nowMs);
  const overlayChecks = createOverlayChecks();
  const liveParts = createLiveParts({ ...sample, secretsFor: () => Promise.resolve(secrets) });
  const sources = { ...sample, heartbeats, overlayChecks, liveParts };
  await sample.boots.arrive(sampleNode('node01'), 'm', 'discover');
  const newest = () => sample.boots.all().at(-1) as Boot;
  await sample.boots.report(newest(), { phase: 'kernel', uptimeSeconds: 1, detail: undefined, leavesAgent: false });
  const { sha256 } = await liveParts.pack(newest());
  const say = (more: object = {}) => {
    const said = {
      phase: 'ready',
      detail: undefined,
      uptimeSeconds: 90,
      load: 0,
      temperatureCelsius: undefined,
    } as const;
    heartbeats.take(newest(), { ...said, liveDigest: sha256, drift: undefined, ...more });
  };
  return { sources, say };
}

const units = { enable: ['slurmd'], mask: ['slurmctld'] };

const withMotd = () =>
  sampleView({
    overlays: new Map([
      ...sampleView().overlays,
      ['slurm-compute', sampleOverlay('slurm-compute', { units }, { 'etc/motd.hbs': 'hello {{node.name}}\n' })],
    ]),
  });

test('a node that runs what it is to run has no differences', async () => {
  const { sources, say } = await running();
  say();

  const report = await overlayReport(sources, sampleNode('node01'), false);

  expect(report.running).toBe(report.desired);
  expect(report).toMatchObject({ files: { added: [], changed: [], removed: [] }, hasLooked: false, drift: undefined });
  expect(report.live.has).toBe(report.live.wants);
});

test('the next boot is compared, and the node is asked', async () => {
  const { sources, say } = await running();
  say({ drift: { ...drift, checkedAtSeconds: 3 } });
  sample.world.view = withMotd();
  const asked = overlayReport(sources, sampleNode('node01'), true);
  expect(sources.overlayChecks.takeAsked('node01')).toBe(true);
  say({ drift });
  sources.overlayChecks.heard('node01', drift, 90);

  const report = await asked;

  expect(report.files.added).toEqual(['etc/motd']);
  expect(report.patches['etc/motd']).toContain('+hello node01');
  expect(report).toMatchObject({ hasLooked: true, drift });
});

test('of one that does not speak only the next boot is known', async () => {
  const { sources } = await running();

  const report = await overlayReport(sources, sampleNode('node01'), true);
  expect(report).toMatchObject({ hasLooked: false, live: {} });
  expect(report.running).toBeDefined();

  const never = await overlayReport(sources, sampleNode('node02'), true);
  expect(never).toMatchObject({ running: undefined, files: { added: [] } });
});

test('all of it is printed', async () => {
  const { sources, say } = await running();
  say({ drift });
  sample.world.view = withMotd();
  const { run, dir } = await sampleSite();
  const { actions } = fakeApi({ overlay: (name) => overlayReport(sources, sampleNode(name), false) });
  const log = { info: () => undefined, warn: () => undefined };
  const options = { actions, log, version: '0', now: () => 0, signal: new AbortController().signal };
  await mkdir(`${dir}/run`);
  const server = apiApp({ ...options, listener: 'socket' }).listen(path.join(dir, 'run/api.sock'));
  onTestFinished(() => void server.close());

  const { code, out, err } = await run('overlay', 'diff', 'node01', '--running');

  expect({ code, err }).toEqual({ code: 0, err: 'note: node01 did not answer\n' });
  expect(out).toMatch(/^next boot: +[0-9a-f]{12}, which changes a file of its overlay$/m);
  expect(out).toMatch(/^live files: +as they are to be\non the node: +\/etc\/hosts changed on the node$/m);
  expect(out).toContain('  + /etc/motd\n');
  expect(out).toContain('+hello node01\n');
});
