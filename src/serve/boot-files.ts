/** Finds what a board asks for, over TFTP or HTTP: its address says whose boot it is, and the boot says what it gets. */
import path from 'node:path';

import type { Boot } from '../model/boot.ts';
import { describeError } from '../model/describe-error.ts';
import { PiImageError, unreachable } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Log } from '../model/log.ts';
import { macWithDashes } from '../model/mac.ts';
import type { NodeSpec } from '../model/node.ts';
import type { UnknownBoard } from '../model/state.ts';
import { tokenForReading, type BootSign } from '../plan/boot-timeline.ts';
import { planHold } from '../plan/hold.ts';
import { decideBootFile, type BootFileRequest } from '../plan/boot-files.ts';
import type { BootImages, SignedImage } from './boot-images.ts';
import type { Boots } from './boots.ts';
import type { Claimant, Claims } from './claims.ts';
import type { Site } from './site.ts';

export type BootFileContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** `path` lies below `root` and was read from the image's manifest, never from the request. */
  | {
      readonly kind: 'file';
      readonly root: string;
      readonly path: string;
      readonly sizeBytes: number;
      readonly sha256: string;
    }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface BootFilesDeps {
  readonly site: Pick<Site, 'view' | 'desired'>;
  readonly boots: Pick<Boots, 'arrive' | 'generation' | 'noteMissing'>;
  readonly bootImages: Pick<BootImages, 'dir' | 'of'>;
  /** A board that is no node, and has this address. */
  readonly waiting?: (address: Ipv4Address) => UnknownBoard | undefined;
  /** Where another server gives the addresses, it says whose board asks. */
  readonly claims?: Pick<Claims, 'claim'>;
  /** <state>/exports/images */
  readonly imagesDir: string;
  readonly log: Log;
}

export type FindBootFile = (name: string, from: Ipv4Address) => Promise<BootFileContent>;

export function bootFileFinder(deps: BootFilesDeps): FindBootFile {
  return async (name, from) => {
    const asked = await findBoot(deps, name, from);
    if (asked.kind !== 'boot') return asked;
    const decision = decideBootFile({ path: name, boot: asked.boot, nodes: deps.site.view().nodes });
    switch (decision.kind) {
      case 'text':
        return { kind: 'bytes', bytes: decision.bytes };
      case 'image-file': {
        const { image, path: file, sizeBytes, sha256 } = decision;
        const root = path.join(deps.imagesDir, image.name, image.version, 'boot');
        return { kind: 'file', root, path: file, sizeBytes, sha256 };
      }
      case 'signed':
        return signedFile(deps, asked.boot, decision.file);
      case 'missing':
        deps.boots.noteMissing(from, name, decision.reason);
        if (decision.isForeignPrefix) deps.log.warn('boot.foreign-prefix', { from, name, reason: decision.reason });
        return decision;
      case 'refused':
        return decision;
      default:
        return unreachable(decision);
    }
  };
}

async function signedFile(
  { bootImages }: Pick<BootFilesDeps, 'bootImages'>,
  boot: BootFileRequest['boot'],
  file: keyof SignedImage,
): Promise<BootFileContent> {
  const generation = boot?.generation;
  if (boot === undefined || generation === undefined || !('id' in generation)) {
    return { kind: 'missing', reason: 'no boot is open at this address' };
  }
  const { name, sizeBytes, sha256 } = (await bootImages.of(generation, boot.manifest))[file];
  return { kind: 'file', root: bootImages.dir, path: name, sizeBytes, sha256 };
}

type Asked =
  | { readonly kind: 'boot'; readonly boot: BootFileRequest['boot'] }
  | { readonly kind: 'missing'; readonly reason: string; readonly isForeignPrefix: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

async function findBoot(deps: BootFilesDeps, name: string, from: Ipv4Address): Promise<Asked> {
  const { site } = deps;
  const claimant = deps.claims?.claim(name, from);
  if (claimant !== undefined) return bootOfClaimant(deps, claimant, name, from);
  const { nodes } = site.view();
  const node = nodes.find(({ address }) => address === from);
  if (node === undefined) {
    // An address of its own making, with a prefix that says whose board it is: everything but the token.
    const named = nodes.find((candidate) => hasPrefix(candidate, name));
    return named === undefined ? holdBoot(deps, name, from) : withoutToken(site, named);
  }
  return bootAt(deps, node, { name, sign: 'read' });
}

async function bootOfClaimant(
  deps: BootFilesDeps,
  claimant: Claimant,
  name: string,
  from: Ipv4Address,
): Promise<Asked> {
  switch (claimant.kind) {
    case 'board':
      return bootAt(deps, claimant.node, { name, sign: claimant.sign });
    case 'refused':
      return withoutToken(deps.site, claimant.node, claimant.reason);
    case 'nobody':
      return holdBoot(deps, name, from);
    default:
      return unreachable(claimant);
  }
}

interface Asking {
  readonly name: string;
  readonly sign: BootSign;
}

async function bootAt(deps: BootFilesDeps, node: NodeSpec, { name, sign }: Asking): Promise<Asked> {
  const { site, boots } = deps;
  const arrival = await boots.arrive(node, node.mac ?? 'unknown', sign);
  if (arrival.kind === 'refused') return onHold(deps, node, name) ?? withoutToken(site, node);
  const generation = boots.generation(arrival.boot.generation);
  return generation === undefined
    ? { kind: 'refused', reason: `what ${node.name} began to boot is lost: restart its board` }
    : bootOf(site, node, generation, tokenForReading(arrival.boot));
}

/** A board that waits for a name boots what shows it, and nothing of a node. */
function holdBoot({ site, waiting }: BootFilesDeps, name: string, from: Ipv4Address): Asked {
  const board = waiting?.(from);
  return board === undefined ? { kind: 'boot', boot: undefined } : planned(site, board, name);
}

/** Nor does a node that has nothing proved to go back to. */
function onHold({ site }: BootFilesDeps, node: NodeSpec, file: string): Asked | undefined {
  const desired = site.desired(node);
  const { mac, serial, board } = node;
  if (desired.kind !== 'refused' || desired.isOnHold !== true || mac === undefined) return undefined;
  return planned(site, { mac, serial, board }, file);
}

function planned(site: BootFilesDeps['site'], board: Parameters<typeof planHold>[0], file: string): Asked {
  try {
    const hold = planHold(board, file, site.view());
    return hold.kind === 'boot' ? hold : { kind: 'missing', reason: hold.reason, isForeignPrefix: false };
  } catch (error) {
    if (error instanceof PiImageError) return { kind: 'refused', reason: describeError(error) };
    throw error;
  }
}

/** A node that is up or has no lease of ours may read what holds no secret. */
function withoutToken(site: BootFilesDeps['site'], node: NodeSpec, noToken?: string): Asked {
  const desired = site.desired(node);
  if (desired.kind === 'refused') return desired;
  const asked = bootOf(site, node, desired.frozen.generation, undefined);
  if (asked.kind !== 'boot' || asked.boot === undefined || noToken === undefined) return asked;
  return { kind: 'boot', boot: { ...asked.boot, noToken } };
}

function bootOf(site: BootFilesDeps['site'], node: NodeSpec, generation: Generation, token: Boot['token']): Asked {
  const { name, version } = generation.image;
  const manifest = site
    .view()
    .images.get(name)
    ?.find((candidate) => candidate.version === version);
  if (manifest === undefined) return { kind: 'refused', reason: `the image ${name}@${version} is gone` };
  return { kind: 'boot', boot: { node, mac: node.mac, generation, token, manifest } };
}

function hasPrefix(node: NodeSpec, name: string): boolean {
  const first = name.slice(0, Math.max(name.indexOf('/'), 0)).toLowerCase();
  return first !== '' && (first === node.serial || (node.mac !== undefined && first === macWithDashes(node.mac)));
}
