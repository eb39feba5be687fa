/** What is asked of the archives: the packages every image of ours needs to boot, the kernels, and the layers' own. */
import type { ImageSpec } from '../model/image-spec.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { firmwareBoards, needsBackports } from './build-sources.ts';

export interface PackageRequest {
  /** `base`, or the layer's name. */
  readonly name: string;
  /** As apt-get takes them: names, name=version, name/suite, patterns. */
  readonly packages: readonly string[];
  /** Changes when another set of packages could be the answer. */
  readonly digest: string;
}

/** mmdebstrap's minbase: what Debian calls essential and required, and apt. */
const minbase = ['?essential', '?priority(required)', 'apt'];

/**
 * tiny-initramfs only satisfies the kernel's wish for some maker of an initramfs; ours is made outside of the image.
 * It is by far the smallest, and makes nothing when INITRD=No.
 */
const bootable = [
  'systemd',
  'systemd-sysv',
  'udev',
  'kmod',
  'dbus',
  'iproute2',
  // /etc/protocols, without which mount.nfs4 does not find "tcp".
  'netbase',
  'systemd-timesyncd',
  'tiny-initramfs',
];

/** A static arm64 busybox runs our initramfs scripts. */
export const busyboxPackage = 'busybox-static';

/** Its program for arm64 goes among the boot files of images for machines with UEFI. */
export const ipxePackage = 'ipxe';

export function needsIpxe(spec: Pick<ImageSpec, 'boards'>): boolean {
  return spec.boards.includes('uefi');
}

export function planRequests(spec: ImageSpec): PackageRequest[] {
  const { suite, sources, packages } = spec.base.apt;
  const base = { name: 'base', packages: [...minbase, ...bootable, ...kernelPackages(spec), ...packages] };
  return [base, ...spec.layers].map(({ name, packages: wanted }) => ({
    name,
    packages: wanted,
    digest: sha256(canonicalJson({ suite, sources, packages: wanted })),
  }));
}

function kernelPackages(spec: ImageSpec): string[] {
  const firmware = firmwareBoards(spec.boards).length > 0 ? ['raspi-firmware'] : [];
  if (spec.base.apt.sources.includes('raspberrypi')) {
    const forPi5 = spec.boards.includes('pi5') ? ['linux-image-rpi-2712'] : [];
    return ['linux-image-rpi-v8', ...forPi5, ...firmware, 'raspberrypi-archive-keyring'];
  }
  return [
    needsBackports(spec) ? `linux-image-arm64/${spec.base.apt.suite}-backports` : 'linux-image-arm64',
    ...firmware,
  ];
}

/** Over all requests; not over files and programs of a layer, which need no answer of an archive. */
export function requestDigest(spec: ImageSpec): string {
  return sha256(canonicalJson(planRequests(spec).map(({ name, digest }) => [name, digest])));
}
