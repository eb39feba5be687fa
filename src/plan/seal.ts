/** What is taken out of an image and put into it so that any node can boot it: rules as data, each with its reason. */
import { canonicalJson, sha256 } from './canonical-json.ts';
import { maskRules } from './seal-units.ts';

export type SealAction =
  /** Paths relative to the root; `*` stands for any name within one folder. */
  | { readonly kind: 'remove'; readonly globs: readonly string[] }
  | { readonly kind: 'empty'; readonly folders: readonly string[] }
  | { readonly kind: 'empty-files-below'; readonly folder: string }
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string; readonly onlyIfFolder?: string }
  | { readonly kind: 'mask'; readonly units: readonly string[] };

export interface SealRule {
  readonly id: string;
  readonly why: string;
  readonly action: SealAction;
}

/** In the order in which they are applied. */
export const sealRules: readonly SealRule[] = [
  {
    id: 'ssh-host-keys',
    why: 'openssh-server makes them when it is installed, so every node would have the same ones',
    action: { kind: 'remove', globs: ['etc/ssh/ssh_host_*'] },
  },
  {
    id: 'munge-key',
    why: 'munge makes one when it is installed; whoever has the image could speak for the cluster',
    action: { kind: 'remove', globs: ['etc/munge/munge.key'] },
  },
  {
    id: 'machine-id',
    why: 'an empty file is filled at boot or by an overlay; "uninitialized" would enable every unit at each boot',
    action: { kind: 'write', path: 'etc/machine-id', content: '', mode: 0o444 },
  },
  {
    id: 'dbus-machine-id',
    why: 'D-Bus must not keep an id of its own',
    action: {
      kind: 'link',
      path: 'var/lib/dbus/machine-id',
      target: '/etc/machine-id',
      onlyIfFolder: 'var/lib/dbus',
    },
  },
  {
    id: 'random-seed',
    why: 'a seed that all nodes share is none',
    action: { kind: 'remove', globs: ['var/lib/systemd/random-seed', 'var/lib/systemd/credential.secret'] },
  },
  {
    id: 'host-name',
    why: 'name, resolver and hosts come from DHCP and the overlay',
    action: { kind: 'remove', globs: ['etc/hostname', 'etc/resolv.conf'] },
  },
  {
    id: 'build-traces',
    why: 'settings and locks that only the build needed',
    action: {
      kind: 'remove',
      globs: [
        'usr/sbin/policy-rc.d',
        'etc/apt/sources.list',
        'etc/apt/apt.conf.d/99mmdebstrap',
        'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
        'etc/.pwd.lock',
        'etc/passwd-',
        'etc/group-',
        'etc/shadow-',
        'etc/gshadow-',
        'etc/subuid-',
        'etc/subgid-',
        'var/lib/dpkg/*-old',
        'var/cache/debconf/*-old',
        'var/cache/ldconfig/aux-cache',
        'root/.bash_history',
        'root/.cache',
        '.dockerenv',
      ],
    },
  },
  {
    id: 'boot-files',
    why: 'nodes load kernel and firmware over TFTP; a second copy in the root is 100 MB that nobody reads',
    action: {
      kind: 'remove',
      globs: [
        'boot/vmlinuz-*',
        'boot/initrd.img-*',
        'boot/System.map-*',
        'boot/firmware',
        'vmlinuz',
        'vmlinuz.old',
        'initrd.img',
        'initrd.img.old',
      ],
    },
  },
  {
    id: 'caches',
    why: 'made anew where they are needed, or filled at boot',
    action: {
      kind: 'empty',
      folders: ['var/lib/apt/lists', 'var/cache/apt', 'tmp', 'var/tmp', 'run', 'dev', 'proc', 'sys'],
    },
  },
  {
    id: 'logs',
    why: 'they tell of the build, not of the node; folders stay for the daemons that own them',
    action: { kind: 'empty-files-below', folder: 'var/log' },
  },
  {
    id: 'fstab',
    why: 'systemd would wait 90 s for partitions that no node has',
    action: {
      kind: 'write',
      path: 'etc/fstab',
      content: '# The root is mounted by the initramfs; shares come by overlay.\n',
      mode: 0o644,
    },
  },
  {
    id: 'default-target',
    why: 'a node has no screen',
    action: {
      kind: 'link',
      path: 'etc/systemd/system/default.target',
      target: '/usr/lib/systemd/system/multi-user.target',
    },
  },
  ...maskRules.map(({ why, units }, index) => ({
    id: `mask-${index + 1}`,
    why,
    action: { kind: 'mask', units } as const,
  })),
];

/** Part of an image's key: another rule makes another image. */
export const sealDigest = sha256(canonicalJson(sealRules));

/** One path of a tree against a glob with `*` for any name within one folder. */
export function matchesGlob(path: string, glob: string): boolean {
  const pattern = glob
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[^/]*');
  return new RegExp(`^${pattern}$`).test(path);
}
