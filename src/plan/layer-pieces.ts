/**
 * The pieces of a layer, those that change often on top of those that do not: packages, then accounts and programs, then
 * files and units. Each is cached by itself, so a changed file runs no program again and installs no package.
 */
import type { Layer } from '../model/image-spec.ts';
import type { LockedPackage } from '../model/package-lock.ts';

export interface PieceContent extends Pick<
  Layer,
  'groups' | 'users' | 'run' | 'inputs' | 'network' | 'files' | 'units'
> {
  readonly packages: readonly LockedPackage[];
  /** Names of packages that go. */
  readonly removes: readonly string[];
}

export interface LayerPiece {
  /** The layer's own for its first piece: `site`, `site/programs`, `site/files`. */
  readonly name: string;
  /** As image.yaml calls it. */
  readonly layer: string;
  readonly content: PieceContent;
}

const nothing: PieceContent = {
  packages: [],
  removes: [],
  groups: [],
  users: [],
  run: [],
  inputs: undefined,
  network: false,
  files: undefined,
  units: { enable: [], disable: [], mask: [] },
};

/** At least one, so that a layer without content still has its place in the plan. */
export function layerPieces(layer: Layer, locked: Pick<PieceContent, 'packages' | 'removes'>): LayerPiece[] {
  const { name, groups, users, run, inputs, network, files, units } = layer;
  const programs = { ...nothing, groups, users, run, inputs, network };
  const settings = { ...nothing, files, units };
  const pieces: [suffix: string, content: PieceContent, isThere: boolean][] = [
    ['', { ...nothing, ...locked }, locked.packages.length > 0 || locked.removes.length > 0],
    ['/programs', programs, groups.length > 0 || users.length > 0 || run.length > 0],
    ['/files', settings, files !== undefined || Object.values(units).some((names) => names.length > 0)],
  ];
  const there = pieces.filter(([, , isThere]) => isThere);
  return (there.length > 0 ? there : pieces.slice(0, 1)).map(([suffix, content], index) => ({
    name: index === 0 ? name : `${name}${suffix}`,
    layer: name,
    content,
  }));
}

/** Packages that came out since the rest was locked: a layer of their own, above the last that has packages. */
export function updatesPiece(packages: readonly LockedPackage[], removes: readonly string[]): LayerPiece {
  return { name: updatesLayer, layer: updatesLayer, content: { ...nothing, packages, removes } };
}

/** In the lock, and in the plan. */
export const updatesLayer = 'updates';
