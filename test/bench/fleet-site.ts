/** A storage node with 1,000 nodes, for measuring what the fleet costs: roles that differ in image, exports and Slurm. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { requestOk } from '../../src/cli/api-client.ts';
import { ganeshaFiles } from '../../src/host/nfs/ganesha.ts';
import { expandHostlist } from '../../src/plan/hostlist.ts';
import type { ManyNode } from '../support/many-nodes.ts';
import { StormSite } from '../support/storm-site.ts';

const shared = ['base', 'ssh', 'slurm-node'];

export class FleetSite extends StormSite {
  override async open(): Promise<void> {
    await super.open();
    const { dir } = this.fixture;
    const share = (name: string, role: string) => {
      return { name, path: path.join(dir, 'shares', name), mount: `/srv/${name}`, roles: [role] };
    };
    for (const name of ['computing', 'people']) await mkdir(path.join(dir, 'shares', name), { recursive: true });
    await this.fixture.writeCluster({
      network: { interface: 'eth0', address: '10.42.0.1/16', pool: '10.42.240.1-10.42.240.250' },
      roles: {
        compute: { image: 'storm', overlays: [...shared, 'slurm-compute'], vars: { slurmPartition: 'main' } },
        controller: { image: 'storm', overlays: [...shared, 'slurm-controller'] },
        login: { image: 'storm', overlays: [...shared, 'login'], kernelArguments: ['quiet'] },
      },
      shares: [share('computing', 'compute'), share('people', 'login')],
      secrets: { mungeKey: { generateBytes: 128 } },
      slurm: { controllerRole: 'controller' },
    });
  }

  /** All nodes, these with another role: one request. */
  async setRoles(changed: readonly ManyNode[], role: string): Promise<void> {
    const names = new Set(changed.map(({ name }) => name));
    const nodes = this.nodes.map((node) => (names.has(node.name) ? { ...node, role } : node));
    await requestOk(this.fixture.socket, 'PUT', '/nodes', nodes);
  }

  async answers(query = ''): Promise<readonly NodeAnswer[]> {
    const answer = await requestOk(this.fixture.socket, 'GET', `/nodes${query}`);
    if (answer.kind === 'no-service') throw new Error('the service has ended');
    return answer.body as readonly NodeAnswer[];
  }

  /** Addresses that may mount a share, as its NFS server was told. */
  async mounters(share: string): Promise<ReadonlySet<string>> {
    const text = await readFile(ganeshaFiles(path.join(this.fixture.dir, 'state', 'nfs')).config, 'utf8');
    const block = text.split(/^EXPORT\b/m).find((each) => each.includes(`/shares/${share}`)) ?? '';
    return new Set(block.match(/\b10\.42\.\d+\.\d+\b/g));
  }

  /** Nodes in slurm.conf of the controller, from what is on the disk. */
  async slurmNodes(): Promise<ReadonlySet<string>> {
    const text = await this.command('overlay', 'show', this.nodes[0]?.name ?? '', 'etc/slurm/slurm.conf');
    return new Set([...text.matchAll(/^NodeName=(\S+)/gm)].flatMap(([, names = '']) => expandHostlist(names)));
  }
}
