/** slurm.conf and its company as the overlays that ship give them to nodes, but for what a network namespace has not. */
import type { NodeFile } from '../../src/model/node-file.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { renderLiveOverlay } from '../../src/plan/overlay.ts';
import { sampleCluster, sampleManifest, sampleNode } from './sample-view.ts';
import { shippedView } from './shipped-overlays.ts';

export const head = 'head';
export const computeNames = ['node01', 'node02'] as const;
export type SlurmNodeName = (typeof computeNames)[number] | typeof head;

/** What they look at lies in cgroups; a slurmd that has more or less than its line says is taken as it is. */
const ofNamespaces: Readonly<Record<string, string>> = {
  ProctrackType: 'proctrack/linuxproc',
  TaskPlugin: 'task/none',
  MpiDefault: 'none',
  SlurmdParameters: 'config_overrides',
  MessageTimeout: '10',
};

/** A partition of the same nodes, closed and opened by tests. */
const night = 'PartitionName=night Nodes=node02 MaxTime=INFINITE State=UP\n';

const secrets = Object.fromEntries(
  ['mungeKey', 'sshHostKey', 'sshHostCertificate', 'sshUserKey', 'sshUserCertificate', 'sshCaPublicKey', 'bootKey'].map(
    (name) => [name, Buffer.from(name)],
  ),
);

export interface SlurmTables {
  readonly view: () => ClusterView;
  /** As a change of the role does it. */
  readonly setRole: (name: string, role: string) => void;
  readonly setVariable: (name: string, variable: string, value: string) => void;
  readonly addressOf: (name: string) => string;
  /** Path on the node -> text. */
  readonly filesOf: (name: SlurmNodeName) => ReadonlyMap<string, string>;
}

/** @param hasNight false: the tables are those of the overlays, line by line */
export async function slurmTables(options: {
  configless: boolean;
  hasNight: boolean;
  cgroupPlugin: string;
}): Promise<SlurmTables> {
  const slurm = { controllerRole: 'controller', configless: options.configless };
  let view = await shippedView({ cluster: sampleCluster({ slurm }) });
  view = { ...view, nodes: view.nodes.filter(({ name }) => name !== 'login') };
  const filesOf = (name: SlurmNodeName) => {
    const live = renderLiveOverlay({ node: sampleNode(name, view), view, manifest: sampleManifest(), secrets });
    return new Map(live.flatMap(textOf).map(([path, text]) => [path, inNamespace(path, text)]));
  };
  const inNamespace = (path: string, text: string) => {
    if (path === 'etc/slurm/cgroup.conf') return withSettings(text, { CgroupPlugin: options.cgroupPlugin });
    if (path !== 'etc/slurm/slurm.conf') return text;
    return withSettings(text, ofNamespaces) + (options.hasNight ? night : '');
  };
  return {
    view: () => view,
    setRole: (name, role) => {
      view = { ...view, nodes: view.nodes.map((node) => (node.name === name ? { ...node, role } : node)) };
    },
    setVariable: (name, variable, value) => {
      const withValue = (node: NodeSpec): NodeSpec => ({ ...node, vars: { ...node.vars, [variable]: value } });
      view = { ...view, nodes: view.nodes.map((node) => (node.name === name ? withValue(node) : node)) };
    },
    addressOf: (name) => sampleNode(name, view).address,
    filesOf,
  };
}

function textOf(file: NodeFile): (readonly [string, string])[] {
  const isWanted = file.kind === 'file' && /^etc\/(?:slurm\/|default\/slurmd|hosts$)/.test(file.path);
  return isWanted ? [[file.path, Buffer.from(file.bytes).toString()]] : [];
}

function withSettings(text: string, settings: Readonly<Record<string, string>>): string {
  const kept = text.split('\n').filter((line) => !Object.hasOwn(settings, line.split('=')[0] ?? ''));
  return [...Object.entries(settings).map(([key, value]) => `${key}=${value}`), ...kept].join('\n');
}
