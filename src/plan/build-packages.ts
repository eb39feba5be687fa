/** What is asked of the archives: the packages every image of ours needs to boot, the kernels, and the layers' own. */
import type { AptBase, ResolvedBase } from '../model/image-base.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { firmwareBoards, needsBackports, type KernelAsked } from './build-sources.ts';

export interface PackageRequest {
  /** `base`, or the layer's name. */
  readonly name: string;
  /** As apt-get takes them: names, name=version, name/suite, patterns. */
  readonly packages: readonly string[];
  /** Names of packages that go. */
  readonly remove: readonly string[];
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

/** Of the base, and of each layer that has packages. @param base which content it is, where it is not made of packages */
export function planRequests(spec: ImageSpec, base?: ResolvedBase): PackageRequest[] {
  const asking = spec.layers.filter(({ packages, remove }) => packages.length + remove.length > 0);
  return [
    baseRequest(spec, base),
    ...asking.map(({ name, packages, remove }) => {
      const below = 'apt' in spec.base ? originOf(spec.base.apt) : { base: base?.digest };
      const removing = remove.length > 0 ? { remove } : {};
      return { name, packages, remove, digest: sha256(canonicalJson({ ...below, packages, ...removing })) };
    }),
  ];
}

function baseRequest({ base: asked, boards, kernel }: ImageSpec, base: ResolvedBase | undefined): PackageRequest {
  if (!('apt' in asked)) {
    return { name: 'base', packages: [], remove: [], digest: sha256(canonicalJson({ base: base?.digest })) };
  }
  const packages = [...minbase, ...bootable, ...kernelPackages(asked.apt, { boards, kernel }), ...asked.apt.packages];
  return { name: 'base', packages, remove: [], digest: sha256(canonicalJson({ ...originOf(asked.apt), packages })) };
}

const originOf = ({ suite, sources }: AptBase) => ({ suite, sources });

function kernelPackages(apt: AptBase, asked: KernelAsked): string[] {
  const { boards, kernel } = asked;
  const firmware = firmwareBoards(boards).length > 0 ? ['raspi-firmware'] : [];
  const isRaspberryPi = apt.sources.includes('raspberrypi');
  const keyring = isRaspberryPi ? ['raspberrypi-archive-keyring'] : [];
  if (kernel.package !== undefined) return [kernel.package, ...firmware, ...keyring];
  if (isRaspberryPi) {
    const forPi5 = boards.includes('pi5') ? ['linux-image-rpi-2712'] : [];
    return ['linux-image-rpi-v8', ...forPi5, ...firmware, ...keyring];
  }
  return [needsBackports(apt, asked) ? `linux-image-arm64/${apt.suite}-backports` : 'linux-image-arm64', ...firmware];
}

/** Over all requests; not over files and programs of a layer, which need no answer of an archive. */
export function requestDigest(spec: ImageSpec, base?: ResolvedBase): string {
  return sha256(canonicalJson(planRequests(spec, base).map(({ name, digest }) => [name, digest])));
}
