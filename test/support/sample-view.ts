/** A small cluster as a value: one storage node, a Slurm controller, two compute nodes and a login node. */
import { boardNames, type BoardName } from '../../src/model/board.ts';
import { Cluster } from '../../src/model/cluster.ts';
import { ImageManifest } from '../../src/model/manifest.ts';
import { NodeList, type NodeSpec } from '../../src/model/node.ts';
import type { OverlaySource, OverlaySourceFile } from '../../src/model/overlay-source.ts';
import { OverlaySpec } from '../../src/model/overlay-spec.ts';
import type { BoardTemplates, ClusterView } from '../../src/model/view.ts';

/** As cluster.yaml reads after YAML: the schema's defaults are not in it. */
export const sampleClusterInput = {
  cluster: 'plum',
  network: { interface: 'eth0', address: '10.42.0.1/24', pool: '10.42.0.200-10.42.0.239' },
  roles: {
    compute: {
      image: 'debian-lite',
      overlays: ['base', 'ssh', 'slurm-node', 'slurm-compute'],
      kernelArguments: ['quiet'],
      vars: { slurmPartition: 'main' },
      ready: ['slurmd'],
    },
    controller: {
      image: 'debian-lite',
      overlays: ['base', 'ssh', 'slurm-node', 'slurm-controller'],
      ready: ['slurmctld'],
    },
    login: { image: 'debian-lite', overlays: ['base', 'ssh', 'slurm-node', 'login'], ready: ['ssh'] },
  },
  shares: [
    { name: 'home', path: '/srv/shares/home', mount: '/home' },
    {
      name: 'slurm',
      path: '/srv/shares/slurm',
      mount: '/var/spool/slurmctld',
      roles: ['controller'],
      owner: 'slurm',
    },
  ],
  secrets: { mungeKey: { generateBytes: 128 } },
  slurm: { controllerRole: 'controller' },
};

/** As nodes.yaml reads after YAML; not in the order of names, as people write. */
export const sampleNodesInput = [
  {
    name: 'node01',
    serial: '9ffefdef',
    mac: '2c:cf:67:01:02:03',
    board: 'pi5',
    address: '10.42.0.11',
    role: 'compute',
  },
  {
    name: 'head',
    serial: '10000001',
    mac: 'dc:a6:32:00:00:01',
    board: 'pi4',
    address: '10.42.0.10',
    role: 'controller',
  },
  {
    name: 'node02',
    mac: '52:54:00:42:00:12',
    board: 'uefi',
    address: '10.42.0.12',
    role: 'compute',
    vars: { cpus: 1, memoryMib: 900 },
  },
  { name: 'login', serial: '10000003', board: 'pi3', address: '10.42.0.20', role: 'login' },
];

export function sampleCluster(changes: Record<string, unknown> = {}): Cluster {
  return Cluster.parse({ ...sampleClusterInput, ...changes });
}

export function sampleNodes(): readonly NodeSpec[] {
  return NodeList.parse(sampleNodesInput);
}

/** Node of the sample by name. */
export function sampleNode(name: string, view: ClusterView = sampleView()): NodeSpec {
  const node = view.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`the sample has no node ${name}`);
  return node;
}

const zeros = '0'.repeat(64);

const sampleBootFiles = [
  'kernel8.img',
  'initramfs8',
  'vmlinuz',
  'initramfs',
  'start4.elf',
  'fixup4.dat',
  'bcm2711-rpi-4-b.dtb',
  'bcm2712-rpi-5-b.dtb',
  'overlays/README',
];

/** Ids are those of a Debian 13 root with munge and slurm: munge 100:101, slurm 64030. */
export function sampleManifest(changes: Partial<ImageManifest> = {}): ImageManifest {
  return ImageManifest.parse({
    format: 1,
    name: 'debian-lite',
    version: '20261121.1',
    builtAt: '2026-11-21T08:00:00Z',
    boards: [...boardNames],
    key: zeros,
    bootFiles: Object.fromEntries(sampleBootFiles.map((file) => [file, { sha256: zeros, sizeBytes: 1000 }])),
    kernels: [
      {
        release: '7.2.12+deb13-arm64',
        kernel: 'kernel8.img',
        initramfs: 'initramfs8',
        boards: ['pi3', 'pi4', 'pi5'],
      },
      { release: '7.2.12+deb13-arm64', kernel: 'vmlinuz', initramfs: 'initramfs', boards: ['uefi'] },
    ],
    packages: [{ name: 'systemd', version: '257.9-1', architecture: 'arm64' }],
    users: { root: 0, daemon: 1, 'www-data': 33, _apt: 42, nobody: 65534, munge: 100, slurm: 64030, sshd: 992 },
    groups: { root: 0, daemon: 1, adm: 4, 'www-data': 33, nogroup: 65534, munge: 101, slurm: 64030 },
    folderLinks: { bin: 'usr/bin', lib: 'usr/lib', sbin: 'usr/sbin', 'var/lock': '/run/lock', 'var/run': '/run' },
    rootBytes: 475_000_000,
    rootFiles: 21_000,
    ...changes,
  });
}

/** An overlay from its YAML value and its texts; a path that ends in `.hbs` is a template. */
export function sampleOverlay(name: string, spec: Record<string, unknown>, texts: Record<string, string> = {}) {
  const files = Object.entries(texts).map(([path, text]): OverlaySourceFile => ({
    kind: 'file',
    path: path.replace(/\.hbs$/, ''),
    isTemplate: path.endsWith('.hbs'),
    bytes: Buffer.from(text),
    isExecutable: false,
  }));
  const overlay: OverlaySource = { name, spec: OverlaySpec.parse({ summary: name, ...spec }), files };
  return overlay;
}

/** Small stand-ins for the overlays that ship, with the same names. */
function sampleOverlays(): ReadonlyMap<string, OverlaySource> {
  const overlays = [
    sampleOverlay(
      'base',
      { files: { 'etc/hosts': { live: true } } },
      {
        'etc/hostname.hbs': '{{node.name}}\n',
        'etc/hosts.hbs': '127.0.0.1 localhost\n{{#each nodes}}{{address}} {{name}}\n{{/each}}',
      },
    ),
    sampleOverlay('ssh', {
      needs: { secrets: ['sshHostKey'] },
      files: { 'etc/ssh/ssh_host_ed25519_key': { mode: '0600', secret: 'sshHostKey', live: true } },
      remove: ['etc/ssh/ssh_host_*'],
    }),
    sampleOverlay(
      'slurm-node',
      {
        needs: { secrets: ['mungeKey'] },
        files: {
          'etc/munge': { owner: 'munge', mode: '0700' },
          'etc/munge/munge.key': { owner: 'munge', mode: '0400', secret: 'mungeKey', live: true },
          'etc/slurm/slurm.conf': { live: true },
        },
        units: { enable: ['munge'] },
      },
      { 'etc/slurm/slurm.conf.hbs': '{{#each slurm.nodes}}NodeName={{name}} CPUs={{cpus}}\n{{/each}}' },
    ),
    sampleOverlay('slurm-compute', { units: { enable: ['slurmd'], mask: ['slurmctld'] } }),
    sampleOverlay('slurm-controller', { units: { enable: ['slurmctld'], mask: ['slurmd'] } }),
    sampleOverlay('login', { units: { mask: ['slurmd', 'slurmctld'] } }),
  ];
  return new Map(overlays.map((overlay) => [overlay.name, overlay]));
}

const sampleBoardTemplates: BoardTemplates = {
  configTxt: 'arm_64bit=1\nkernel={{kernel.file}}\ninitramfs {{kernel.initramfs}} followkernel\n',
  cmdlineTxt:
    'console={{board.console}} pi_image.server={{network.server}} pi_image.http={{network.httpPort}} ' +
    'pi_image.nfs={{network.nfsPort}} pi_image.root={{root.pseudo}} pi_image.id={{id}} ' +
    '{{#if node.mac}}pi_image.mac={{node.mac}} {{/if}}pi_image.token={{token}} panic=10 {{arguments}}\n',
};

/** The whole sample; `changes` replace parts of it. */
export function sampleView(changes: Partial<ClusterView> = {}): ClusterView {
  return {
    cluster: sampleCluster(),
    nodes: sampleNodes(),
    images: new Map([['debian-lite', [sampleManifest(), sampleManifest({ version: '20261120.1' })]]]),
    overlays: sampleOverlays(),
    boardTemplates: new Map<BoardName, BoardTemplates>(boardNames.map((board) => [board, sampleBoardTemplates])),
    ...changes,
  };
}
