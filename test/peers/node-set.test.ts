/** Twenty command lines at once, each a process of its own: on one service, and on the database without one. */
import { expect, test } from 'vitest';

import { withDatabase } from '../../src/host/state-file.ts';
import type { State } from '../../src/model/state.ts';
import { sampleSite } from '../support/command-line.ts';
import { piImage } from '../support/pi-image.ts';
import { serveSite } from '../support/serve-site.ts';

const count = 20;

/** Half of them name the node, the others its role; every fifth changes the role of another node. */
function argsOf(index: number): string[] {
  if (index % 5 === 0) return ['node', 'set', 'login', '--role', index % 2 === 0 ? 'compute' : 'login'];
  return ['node', 'set', index % 2 === 0 ? 'node01' : '@compute', '--var', `v${index}=${index}`];
}

const named = Array.from({ length: count }, (_, index) => index).filter((index) => index % 5 !== 0);

test.each(['with a service', 'without one'])(
  '%s they lose nothing',
  async (kind) => {
    const site = await sampleSite();
    expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
    const service = kind === 'with a service' ? await serveSite(site.dir) : undefined;
    const state = `${site.dir}/state`;
    const places = ['--config', `${site.dir}/cluster.yaml`, '--state', state, '--runtime', `${site.dir}/run`];

    const results = await Promise.all(
      Array.from({ length: count }, (_, index) => piImage([...places, ...argsOf(index)], 200_000)),
    );

    expect(results.filter(({ code }) => code !== 0).map(({ stderr }) => stderr)).toEqual([]);
    const read = async (): Promise<State> =>
      service?.state.current() ??
      withDatabase(state, new AbortController().signal, (database) => Promise.resolve(database.state.current()));
    const node01 = (await read()).nodes.find(({ name }) => name === 'node01');
    expect(Object.keys(node01?.vars ?? {}).toSorted()).toEqual(named.map((index) => `v${index}`).toSorted());
  },
  240_000,
);
