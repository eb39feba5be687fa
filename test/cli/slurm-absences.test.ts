/** Slurm hears of nodes that are switched off and removed, with a program named ssh that is its controller. */
import { chmod } from 'node:fs/promises';

import { beforeEach, expect, onTestFinished, test } from 'vitest';

import { absencesPart } from '../../src/cli/wire-up-absences.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { sampleSite } from '../support/command-line.ts';
import { sampleClusterInput, sampleNodesInput } from '../support/sample-view.ts';
import { serveSite } from '../support/serve-site.ts';
import { bootNode, slurmBySsh } from '../support/slurm-by-ssh.ts';

const silent = { info: () => undefined, warn: () => undefined };

/** Remembers what it was told last. */
const program = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
[ "$1" = status ] || echo "$1" > "now-$2"
cat "now-$2" 2>/dev/null || echo on
`;

const nodes = sampleNodesInput.map((node, index) => Object.assign({ power: { switch: 'lab', port: index + 1 } }, node));

let slurm: Awaited<ReturnType<typeof slurmBySsh>>;
beforeEach(async () => {
  slurm = await slurmBySsh();
});

async function runningSite() {
  const site = await sampleSite({ power: program, 'nodes.yaml': renderYaml(nodes) });
  await chmod(`${site.dir}/power`, 0o755);
  const switches = { lab: { driver: 'command', command: [`${site.dir}/power`] } };
  await site.write('cluster.yaml', renderYaml({ ...sampleClusterInput, switches }));
  expect(await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).toMatchObject({ code: 0, err: '' });
  const service = await serveSite(site.dir);
  await bootNode(service, 'node01');
  const stop = new AbortController();
  const part = absencesPart(service, silent, 20).run(stop.signal, () => undefined);
  onTestFinished(async () => {
    stop.abort();
    await part;
  });
  return { site, service };
}

const isDown = expect.stringMatching(/ state=down reason='pi-image: off'$/) as string;
const isResumed = expect.stringMatching(/ state=resume$/) as string;

test('a compute node that is switched off is set down, and resumed when it is up', { timeout: 60_000 }, async () => {
  const { site, service } = await runningSite();
  await site.run('node', 'power', 'off', 'login', '--yes');
  expect(await slurm.orders()).toEqual([]);

  expect(await site.run('node', 'power', 'off', 'node01', '--yes')).toMatchObject({ code: 0 });
  await expect.poll(slurm.orders, { timeout: 30_000 }).toEqual([isDown]);

  await site.run('node', 'power', 'on', 'node01');
  await bootNode(service, 'node01');
  await expect.poll(slurm.orders, { timeout: 30_000 }).toEqual([isDown, isResumed]);
});

test('one that is shut down or removed is set down', { timeout: 60_000 }, async () => {
  const { site } = await runningSite();
  expect(await site.run('cluster', 'shutdown', '--yes', '--keep-power', '--deadline', '1s')).toMatchObject({ code: 0 });
  await expect.poll(slurm.orders, { timeout: 30_000 }).toEqual(['systemctl poweroff', isDown]);

  await slurm.set('IDLE');
  expect(await site.run('node', 'remove', 'node01', '--yes')).toMatchObject({ code: 0 });
  await expect.poll(slurm.orders, { timeout: 30_000 }).toEqual(['systemctl poweroff', isDown, isDown]);
});
