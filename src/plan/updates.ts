/** Packages that came out since an image was locked: a layer of their own, or time to make the image anew. */
import type { LockedLayer, LockedPackage } from '../model/package-lock.ts';
import { sha256 } from './canonical-json.ts';
import { updatesLayer } from './layer-pieces.ts';
import { parseInstalled, renderStatus } from './package-lock.ts';

/** More than this of an image's packages in a layer that hides them, and both would have to be kept for nothing. */
const largestShare = 0.3;

export type Updates =
  | { readonly kind: 'none' }
  | { readonly kind: 'layer'; readonly layer: LockedLayer }
  | { readonly kind: 'anew'; readonly why: string };

/** @param layers without updates @param packages newer versions, and what these need beside @param below status of the base */
export function planUpdates(layers: readonly LockedLayer[], packages: readonly LockedPackage[], below = ''): Updates {
  if (packages.length === 0) return { kind: 'none' };
  const installed = parseInstalled(renderStatus(layers, below));
  // A base that is not made of packages cannot be made anew of newer ones.
  if (below === '' && packages.length > largestShare * installed.length) {
    return { kind: 'anew', why: `${packages.length} of ${installed.length} packages have newer versions` };
  }
  const removes = supersededKernels(installed, packages);
  const layer = {
    name: updatesLayer,
    request: sha256(updatesLayer),
    packages: [...packages],
    ...(removes.length > 0 && { removes }),
  };
  return { kind: 'layer', layer };
}

/** `linux-image-6.12.57+deb13-arm64`: a kernel's packages are named after its release, so a newer one does not replace it. */
const kernelPackage = /^linux-(?:image|modules|binary|base)-(\d\S*)-(arm64(?:-16k)?|rpi-v8|rpi-2712)$/;

function supersededKernels(
  installed: readonly Pick<LockedPackage, 'name'>[],
  newer: readonly LockedPackage[],
): string[] {
  const released = new Map(
    newer.flatMap(({ name }) => {
      const [, release = '', flavour] = kernelPackage.exec(name) ?? [];
      return flavour === undefined ? [] : [[flavour, release] as const];
    }),
  );
  return installed.flatMap(({ name }) => {
    const [, release, flavour = ''] = kernelPackage.exec(name) ?? [];
    const now = released.get(flavour);
    return release === undefined || now === undefined || now === release ? [] : [name];
  });
}

/** A pinned version stays what it is. @returns the status with these packages on hold */
export function holdPinned(status: string, pinned: readonly string[]): string {
  return pinned.reduce((text, name) => {
    const literal = name.replaceAll(/[.+]/g, String.raw`\$&`);
    return text.replace(new RegExp(String.raw`^(Package: ${literal}\n(?:[^\n]+\n)*?Status: )install`, 'm'), '$1hold');
  }, status);
}

/** Names of packages whose version image.yaml gives. */
export function pinnedNames(layers: readonly { readonly packages: readonly string[] }[]): string[] {
  return layers.flatMap(({ packages }) => packages.flatMap((text) => /^([^=]+)=/.exec(text)?.[1] ?? []));
}
