/** The overlay that a boot fetches, as one tar: frozen when the boot began, live as of now, secrets included. Never on disk. */
import { createHash } from 'node:crypto';

import type { FrozenBoots } from '../host/frozen-boots.ts';
import { packNodeFiles } from '../host/tar.ts';
import type { Boot } from '../model/boot.ts';
import { ConfigError } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { NodeSpec } from '../model/node.ts';
import type { SecretValues } from '../model/secret-values.ts';
import { renderOverlays } from '../plan/overlay.ts';
import type { Boots } from './boots.ts';
import type { Site } from './site.ts';

export interface NodeOverlayDeps {
  readonly site: Pick<Site, 'view'>;
  readonly frozen: Pick<FrozenBoots, 'get'>;
  readonly boots: Pick<Boots, 'setOverlay' | 'all'>;
  readonly secretsFor: (node: NodeSpec) => Promise<SecretValues>;
}

export interface PackedOverlay {
  readonly tar: Uint8Array;
  readonly sha256: string;
}

/** Packed once per boot, so that what is fetched twice is the same. */
export function nodeOverlays(deps: NodeOverlayDeps): (boot: Boot) => Promise<PackedOverlay> {
  const packed = new Map<string, Promise<PackedOverlay>>();
  return async (boot) => {
    forgetClosed(packed, deps.boots.all());
    const known = packed.get(boot.id);
    if (known !== undefined) return known;
    const packing = pack(deps, boot);
    packed.set(boot.id, packing);
    try {
      const overlay = await packing;
      deps.boots.setOverlay(boot, overlay.sha256);
      return overlay;
    } catch (error) {
      packed.delete(boot.id);
      throw error;
    }
  };
}

async function pack({ site, frozen, secretsFor }: NodeOverlayDeps, boot: Boot): Promise<PackedOverlay> {
  const view = site.view();
  const begun = frozen.get(boot.generation);
  const current = view.nodes.find(({ name }) => name === boot.node);
  if (begun === undefined || current === undefined) {
    throw new ConfigError(`${boot.node} is no node any more`, { hint: 'Restart its board once it is one again.' });
  }
  const { generation, overlay } = begun;
  // It boots the role that it began with, whatever it has been given since.
  const node = { ...current, role: generation.role };
  const manifest = view.images.get(generation.image.name)?.find(isVersion(generation));
  if (manifest === undefined) throw new ConfigError(`the image ${generation.image.name} it boots is gone`);
  const { live } = renderOverlays({ node, view, manifest, secrets: await secretsFor(node) });
  const tar = await packNodeFiles([...overlay, ...live]);
  return { tar, sha256: createHash('sha256').update(tar).digest('hex') };
}

const isVersion =
  ({ image }: Generation) =>
  ({ version }: { version: string }) =>
    version === image.version;

function forgetClosed(packed: Map<string, unknown>, boots: readonly Boot[]): void {
  const open = new Set(boots.filter(({ closed }) => closed === undefined).map(({ id }) => id));
  for (const id of packed.keys()) if (!open.has(id)) packed.delete(id);
}
