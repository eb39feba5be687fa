/** The overlay that a boot fetches, as one tar: frozen when the boot began, live as of now, secrets included. Never on disk. */
import { randomBytes } from 'node:crypto';

import type { FrozenBoots } from '../host/frozen-boots.ts';
import { packNodeFiles, type PackedFiles } from '../host/tar.ts';
import type { Boot } from '../model/boot.ts';
import { bootKeySecret } from '../model/cluster.ts';
import { ConfigError } from '../model/errors.ts';
import type { FrozenBoot } from '../model/frozen-boot.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { NodeSpec } from '../model/node.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { tokenBytes } from '../plan/boot-token.ts';
import { filesList, liveList } from '../plan/live-part.ts';
import {
  neededSecrets,
  renderLiveOverlay,
  renderLivePart,
  type LiveInput,
  type OverlayInput,
} from '../plan/overlay.ts';
import type { Boots } from './boots.ts';
import type { Site } from './site.ts';

export interface NodeOverlayDeps {
  readonly site: Pick<Site, 'view'>;
  readonly frozen: Pick<FrozenBoots, 'get'>;
  readonly boots: Pick<Boots, 'setOverlay' | 'all'>;
  /** All but the boot's key. */
  readonly secretsFor: (node: NodeSpec) => Promise<SecretValues>;
}

/** Packed once per boot, so that what is fetched twice is the same; kept with its boot before it leaves. */
export function nodeOverlays(deps: NodeOverlayDeps): (boot: Boot) => Promise<PackedFiles> {
  const packed = new Map<string, Promise<PackedFiles>>();
  return async (boot) => {
    forgetClosed(packed, deps.boots.all());
    const known = packed.get(boot.id);
    if (known !== undefined) return known;
    const packing = prepare(deps, boot);
    packed.set(boot.id, packing);
    try {
      return await packing;
    } catch (error) {
      packed.delete(boot.id);
      throw error;
    }
  };
}

async function prepare(deps: NodeOverlayDeps, boot: Boot): Promise<PackedFiles> {
  const begun = deps.frozen.get(boot.generation);
  const input = inputOf(boot, begun, deps.site.view());
  const secrets = await deps.secretsFor(input.node);
  const key = hasAgent(input) ? (boot.key ?? randomBytes(tokenBytes).toString('base64url')) : undefined;
  const all = { ...input, secrets: { ...secrets, ...(key !== undefined && { [bootKeySecret]: keyFile(key) }) } };
  const files = [...(begun?.overlay ?? []), ...renderLiveOverlay(all)];
  const overlay = await packNodeFiles([...files, ...(await listsFor(files, all))]);
  // A node that comes back to a service that was restarted must find its key known.
  await deps.boots.setOverlay(boot, { overlaySha256: overlay.sha256, key });
  return overlay;
}

const keyFile = (key: string) => Buffer.from(`${key}\n`);

/** For the agent: which of its files are live, and how all of them are to be. */
async function listsFor(files: readonly NodeFile[], input: LiveInput): Promise<NodeFile[]> {
  if (!hasAgent(input)) return [];
  const part = renderLivePart(input);
  const { sha256 } = await packNodeFiles(part);
  return [liveList(sha256, part), filesList(files)];
}

/** Whoever wants the boot's key speaks under it. */
function hasAgent({ node, view }: OverlayInput): boolean {
  return neededSecrets(node, view).includes(bootKeySecret);
}

/**
 * Node and image as this boot began with them, whatever has been desired since.
 * @throws ConfigError when one of them is gone
 */
export function inputOf(boot: Boot, begun: FrozenBoot | undefined, view: ClusterView): OverlayInput {
  const current = view.nodes.find(({ name }) => name === boot.node);
  if (begun === undefined || current === undefined) {
    throw new ConfigError(`${boot.node} is no node any more`, { hint: 'Restart its board once it is one again.' });
  }
  const { role, image } = begun.generation;
  const manifest = view.images.get(image.name)?.find(({ version }) => version === image.version);
  if (manifest === undefined) throw new ConfigError(`the image ${image.name}@${image.version} it boots is gone`);
  // The same object as long as nothing is different: what was rendered for it is remembered by it.
  return { node: current.role === role ? current : { ...current, role }, view, manifest };
}

function forgetClosed(packings: Map<string, unknown>, boots: readonly Boot[]): void {
  const open = new Set(boots.filter(({ closed }) => closed === undefined).map(({ id }) => id));
  for (const id of packings.keys()) if (!open.has(id)) packings.delete(id);
}
