/** A storage node with 1,000 nodes that have booted, for measuring what the fleet costs: roles that differ in image, exports and Slurm. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { requestOk } from '../../src/cli/api-client.ts';
import { ganeshaFiles } from '../../src/host/nfs/ganesha.ts';
import { withDatabase } from '../../src/host/state-file.ts';
import type { Boot } from '../../src/model/boot.ts';
import { compressHostlist, expandHostlist } from '../../src/plan/hostlist.ts';
import type { ManyNode } from '../support/many-nodes.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { StormSite } from '../support/storm-site.ts';

const shared = ['base', 'ssh', 'slurm-node'];
const bootsOfEach = 3;

export class FleetSite extends StormSite {
  #operator: string | undefined;

  get stateDir(): string {
    return path.join(this.fixture.dir, 'state');
  }

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

  /** While no service runs: what is known of earlier boots, of all nodes but these. */
  async haveBooted(except: readonly ManyNode[] = []): Promise<void> {
    const without = new Set(except);
    const nowMs = Date.now();
    const boots = this.nodes
      .filter((node) => !without.has(node))
      .flatMap((node) => Array.from({ length: bootsOfEach }, (_, index) => pastBoot(node, nowMs, bootsOfEach - index)));
    await withDatabase(this.stateDir, AbortSignal.timeout(120_000), (database) =>
      database.boots.update(() => ({ boots })),
    );
  }

  /** Returns when every part is up and every node is planned: starting is not what is measured. */
  async serveAll(): Promise<NamespaceProgram> {
    const service = await this.serve();
    for (const part of ['tftp', 'nfs', 'http', 'api', 'api-tcp'])
      await service.line(new RegExp(`part.ready part=${part}(?: |$)`));
    await this.answers();
    await this.answers();
    return service;
  }

  /** As a program of another machine does it: over TCP, with a token. */
  async setRoles(changed: readonly ManyNode[], role: string): Promise<void> {
    this.#operator ??= await this.newToken('operator', 'operate');
    const body = path.join(this.fixture.dir, 'roles.json');
    await writeFile(body, JSON.stringify({ nodes: changed.map(({ name }) => name) }));
    const headers = [`authorization: Bearer ${this.#operator}`, 'content-type: application/json'];
    const sent = [...headers.flatMap((header) => ['-H', header]), '--data-binary', `@${body}`];
    const url = `http://127.0.0.1:8443/api/v1/roles/${role}:set`;
    await this.fixture.net.run('storage', ['curl', '--fail', '-sS', '-o', '/dev/null', ...sent, url]);
  }

  /** As an operator does it. */
  async setRolesByCommand(changed: readonly ManyNode[], role: string): Promise<void> {
    const names = compressHostlist(changed.map(({ name }) => name));
    await this.command('node', 'set', names, '--role', role, '-o', 'name');
  }

  async answers(query = ''): Promise<readonly NodeAnswer[]> {
    return (await this.#ask('GET', `/nodes${query}`)) as readonly NodeAnswer[];
  }

  async newToken(name: string, scope: 'read' | 'operate' = 'read'): Promise<string> {
    return ((await this.#ask('POST', '/tokens', { name, scope })) as { readonly token: string }).token;
  }

  async #ask(method: 'GET' | 'POST', route: string, body?: unknown): Promise<unknown> {
    const answer = await requestOk(this.fixture.socket, method, route, body);
    if (answer.kind === 'no-service') throw new Error('the service has ended');
    return answer.body;
  }

  /** Addresses that may mount a share, as its NFS server was told. */
  async mounters(share: string): Promise<ReadonlySet<string>> {
    const text = await readFile(ganeshaFiles(path.join(this.stateDir, 'nfs')).config, 'utf8');
    const block = text.split(/^EXPORT\b/m).find((each) => each.includes(`/shares/${share}`)) ?? '';
    return new Set(block.match(/\b10\.42\.\d+\.\d+\b/g));
  }

  /** Nodes in slurm.conf of the controller, from what is on the disk. */
  async slurmNodes(): Promise<ReadonlySet<string>> {
    const text = await this.command('overlay', 'show', this.nodes[0]?.name ?? '', 'etc/slurm/slurm.conf');
    return new Set(
      [...text.matchAll(/^NodeName=(\S+)(?!.*State=FUTURE)/gm)].flatMap(([, names = '']) => expandHostlist(names)),
    );
  }
}

const phases = ['offered', 'loading', 'kernel', 'network', 'root', 'overlay'] as const;

/** One that ended well, so many hours ago. */
function pastBoot({ name, mac, address, role }: ManyNode, nowMs: number, hours: number): Boot {
  const startedAtMs = nowMs - hours * 3_600_000;
  const closedAtMs = startedAtMs + phases.length * 5000;
  return {
    id: `${name}-past-${hours}`,
    node: name,
    mac,
    address,
    generation: '0'.repeat(64),
    image: 'storm@20261121.1',
    role,
    startedAtMs,
    tokenExpiresAtMs: startedAtMs + 600_000,
    lastSeenMs: closedAtMs,
    files: 9,
    bytes: 9_300_000,
    phases: phases.map((phase, index) => ({ phase, atMs: startedAtMs + index * 5000 })),
    closed: { atMs: closedAtMs, reason: 'handed-over' },
  };
}
