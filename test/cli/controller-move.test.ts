/** The controller's role goes to another node when the one before is proved down, through the service and its API. */
import { expect, test, vi } from 'vitest';

import type { Boot } from '../../src/model/boot.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { sampleSite } from '../support/command-line.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';

async function bootNode(service: ServedSite, name: string): Promise<Boot> {
  const node = service.site.view().nodes.find((each) => each.name === name) as NodeSpec;
  await service.boots.arrive(node, parseMac('2c:cf:67:01:02:03'), 'discover');
  const newest = () => service.boots.all().findLast((each) => each.node === name) as Boot;
  for (const phase of ['kernel', 'overlay', 'userspace'] as const) {
    await service.boots.report(newest(), { phase, uptimeSeconds: 3, detail: undefined, leavesAgent: true });
  }
  return newest();
}

test('a second controller is refused until the first one is proved down', { timeout: 60_000 }, async () => {
  const realNow = Date.now.bind(Date);
  let laterMs = 0;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + laterMs);
  try {
    const site = await sampleSite();
    expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
    const service = await serveSite(site.dir);
    const boot = await bootNode(service, 'head');
    service.heartbeats.take(boot, { phase: 'ready', uptimeSeconds: 60, load: 0 });
    const move = async () => {
      const { code, err } = await site.run('node', 'set', 'node02', '--role', 'controller');
      return code === 0 ? 'moved' : err;
    };

    expect(await move()).toContain('head is the Slurm controller (role controller), and there can be one only');
    expect((await site.run('node', 'set', 'head', '--role', 'login')).code).toBe(0);
    expect(await move()).toContain('head is to be login, but still runs as the Slurm controller');
    laterMs += 40_000;
    expect(await move()).toContain('head was the Slurm controller, and is not proved to be down: it is looked for');
    await service.controllers.look();
    expect(await move()).toContain('is not proved to be down: nobody answers at 10.42.0.10 for');
    // Neither is it forgotten when it is no node any more.
    expect((await site.run('node', 'remove', 'head', '--yes')).code).toBe(0);
    expect(await move()).toContain('pi-image node power off head');
    expect((await site.run('doctor', '-o', 'json')).out).toContain('controller-lost');
    laterMs += 31_000;
    await service.controllers.look();
    expect(await move()).toBe('moved');
  } finally {
    clock.mockRestore();
  }
});
