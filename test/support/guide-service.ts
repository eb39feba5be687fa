/** The service of a guide's site, in this process, and a node that boots what it should whenever ssh tells it to reboot. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, onTestFinished } from 'vitest';

import { operationsPart } from '../../src/cli/wire-up-operations.ts';
import { rolloutsPart } from '../../src/cli/wire-up-rollouts.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import type { GuideSite } from './guide-site.ts';
import { serveSite, type ServedSite } from './serve-site.ts';
import { bootNode, slurmBySsh } from './slurm-by-ssh.ts';

const silent = { info: () => undefined, warn: () => undefined };
const node = { name: 'node01', mac: '2c:cf:67:01:02:03', board: 'pi4', address: '10.42.0.11', role: 'compute' };

/** cluster.yaml, but for its roles. */
export const guideCluster = {
  secrets: { mungeKey: { generateBytes: 128 } },
  cluster: 'plum',
  network: { interface: 'eth0', address: '10.42.0.1/24', pool: '10.42.0.200-10.42.0.239' },
};

/** Runs until the test has ended. */
export async function startGuideService(site: GuideSite): Promise<ServedSite> {
  const told = await slurmBySsh();
  await writeFile(path.join(site.site, 'nodes.yaml'), renderYaml([node]));
  const applied = await site.type('sudo pi-image apply -f /etc/pi-image/nodes.yaml --yes');
  expect([applied.code, applied.stderr]).toEqual([0, '']);
  const service = await serveSite(site.site);
  const stop = new AbortController();
  const parts = [operationsPart(service, silent, 20), rolloutsPart(service, silent, 20)];
  const running = parts.map((part) => part.run(stop.signal, () => undefined));
  let reboots = 0;
  const look = async () => {
    const count = (await told.orders()).filter((order) => order === 'systemctl reboot').length;
    if (count === reboots) return;
    reboots = count;
    await bootNode(service, node.name);
  };
  const timer = setInterval(() => void look(), 200);
  onTestFinished(async () => {
    clearInterval(timer);
    stop.abort();
    await Promise.all(running);
  });
  await bootNode(service, node.name);
  return service;
}
