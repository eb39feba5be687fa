/**
 * One template of an overlay is changed on the disk, and a thousand running nodes wait for what becomes of it: how long until
 * the service has read it, checked it for every node, planned every node's next boot and has every node's live files ready, and
 * how many archives were made anew?
 */
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { readBoardTemplates, readOverlays } from '../../src/host/config-files.ts';
import { fingerprintTrees } from '../../src/host/fingerprint.ts';
import type { PackedFiles } from '../../src/host/tar.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { FrozenBoot } from '../../src/model/frozen-boot.ts';
import { NodeList, type NodeSpec } from '../../src/model/node.ts';
import type { SecretValues } from '../../src/model/secret-values.ts';
import { emptyState, type State } from '../../src/model/state.ts';
import { planFrozen } from '../../src/plan/generation.ts';
import { createHealth } from '../../src/serve/health.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { openSite, type Site } from '../../src/serve/site.ts';
import { manyNodes } from '../support/many-nodes.ts';
import { sampleCluster, sampleClusterInput, sampleView } from '../support/sample-view.ts';

const shipped = path.resolve(import.meta.dirname, '../..');

/** What is changed, and for whom. */
const edits = {
  'slurm.conf, one text for all nodes': 'slurm-node/files/etc/slurm/slurm.conf.hbs',
  'agent.conf, one text for a role': 'base/files/etc/pi-image/agent.conf.hbs',
  'hostname, a text for each node, frozen': 'base/files/etc/hostname.hbs',
  'a file of the controller alone': 'slurm-controller/files/etc/pi-image/live.d/slurmctld',
} as const;

export interface OverlayFigure {
  readonly change: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Nodes whose live files were packed anew, and nodes whose next boot is another one. */
  readonly packed: number;
  readonly planned: number;
  readonly nodes: number;
}

/** The first figure is that of a start, where all is new. */
export async function measureOverlays(nodeCount = 1000): Promise<OverlayFigure[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'pi-image-overlays-'));
  try {
    await cp(path.join(shipped, 'overlays'), path.join(dir, 'overlays'), { recursive: true });
    const bench = await open(dir, nodeCount);
    const figures = [await bench.measure('all of it, at a start', async () => undefined)];
    for (const [change, file] of Object.entries(edits)) {
      await appendFile(path.join(dir, 'overlays', file), '# another line\n');
      figures.push(await bench.measure(change, () => bench.site.reloadIfChanged()));
    }
    return figures;
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function open(dir: string, nodeCount: number) {
  const nodes = NodeList.parse(manyNodes(nodeCount));
  const site = await openBenchSite(dir, nodes);
  const begun = new Map(nodes.map((node) => [node.name, freeze(node, site.view())]));
  const boots = nodes.map(({ name }) => bootOf(name, begun.get(name)));
  const secrets = new Map(nodes.map(({ name }) => [name, secretsOf()]));
  const liveParts = createLiveParts({
    site,
    frozen: { get: (id) => begun.get(id) },
    secretsFor: (node) => Promise.resolve(secrets.get(node.name) ?? {}),
    log: silent,
  });
  let last: { readonly packs: readonly PackedFiles[]; readonly plans: readonly unknown[] } | undefined;
  const measure = async (change: string, edit: () => Promise<unknown>): Promise<OverlayFigure> => {
    const beganMs = performance.now();
    const cpu = process.cpuUsage();
    await edit();
    const plans = site.view().nodes.map((node) => generationOf(site, node));
    const packs: PackedFiles[] = [];
    for (const boot of boots) packs.push(await liveParts.pack(boot));
    const { user, system } = process.cpuUsage(cpu);
    const wallMs = performance.now() - beganMs;
    const packed = packs.filter((pack, index) => pack !== last?.packs[index]).length;
    const planned = plans.filter((plan, index) => plan !== last?.plans[index]).length;
    last = { packs, plans };
    return { change, wallMs, cpuMs: (user + system) / 1000, packed, planned, nodes: nodes.length };
  };
  return { site, measure };
}

const silent = { info: () => undefined, warn: () => undefined };

async function openBenchSite(dir: string, nodes: readonly NodeSpec[]): Promise<Site> {
  const network = { ...sampleClusterInput.network, address: '10.42.0.1/16' };
  const state: State = { ...emptyState, nodes: [...nodes] };
  const readConfig = async () => ({
    cluster: sampleCluster({ network }),
    overlays: await readOverlays([dir]),
    boardTemplates: await readBoardTemplates([shipped]),
  });
  return openSite({
    readConfig,
    listImages: () => Promise.resolve(sampleView().images),
    fingerprint: () => fingerprintTrees([path.join(dir, 'overlays')]),
    state: { current: () => state, onChange: () => undefined },
    freeze,
    health: createHealth(() => 0),
    log: silent,
  });
}

function freeze(node: NodeSpec, view: Parameters<typeof planFrozen>[1]): FrozenBoot {
  return { format: 1, ...planFrozen(node, view) };
}

function generationOf(site: Site, node: NodeSpec): string {
  const desired = site.desired(node);
  if (desired.kind === 'refused') throw new Error(desired.reason);
  return desired.frozen.generation.id;
}

/** All that live files ask of a boot; its node stands for the generation. */
function bootOf(node: string, frozen: FrozenBoot | undefined): Boot {
  if (frozen === undefined) throw new Error(`nothing was planned for ${node}`);
  return { id: node, node, generation: node } as Boot;
}

const shared = { mungeKey: randomBytes(128), sshCaPublicKey: Buffer.from('ssh-ed25519 AAAA plum') };

/** As large as OpenSSH's are. */
function secretsOf(): SecretValues {
  const seed = createHash('sha256').update(randomBytes(32)).digest('hex');
  const sized = (bytes: number) => Buffer.from(seed.repeat(Math.ceil(bytes / seed.length)).slice(0, bytes));
  return {
    ...shared,
    sshHostKey: sized(399),
    sshHostCertificate: sized(540),
    sshUserKey: sized(399),
    sshUserCertificate: sized(520),
  };
}
