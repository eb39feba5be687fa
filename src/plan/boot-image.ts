/** What goes into boot.img: all that the firmware of a Pi 4 or 5 reads, once for all nodes of a role and a board. */
import type { BoardName } from '../model/board.ts';
import { boards } from '../model/board.ts';
import { ConfigError } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { planFatLayout, type FatLayout } from './boot-image-layout.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

type BootImageFile = { readonly path: string; readonly sizeBytes: number } & (
  | { readonly kind: 'text'; readonly text: string }
  /** Under boot/ of the image version. */
  | { readonly kind: 'image-file'; readonly sha256: string }
);

export interface BootImagePlan {
  /** Equal ids are equal bytes. */
  readonly id: string;
  readonly image: { readonly name: string; readonly version: string };
  /** In the order in which they are written. */
  readonly files: readonly BootImageFile[];
  /** The one date in it. */
  readonly epochSeconds: number;
  readonly layout: FatLayout;
}

/**
 * Largest boot.img that is known to be loaded: 128 MiB on a Pi 4 since the EEPROM of 2022-03-10 (its release notes), 160 MB
 * on a Pi 5 (raspberrypi/documentation, pull request 4321).
 */
const largestBytes: Partial<Record<BoardName, number>> = { pi4: 128 * 1024 * 1024, pi5: 160_000_000 };

export function canBootSigned(board: BoardName): boolean {
  return largestBytes[board] !== undefined;
}

/** A thousand nodes of one role have one boot.img. */
const planned = new WeakMap<ImageManifest, Map<string, BootImagePlan>>();

type Booted = Pick<Generation, 'role' | 'board' | 'configTxt' | 'commandLine'>;

/** @throws ConfigError when this board could not load it */
export function planBootImage(generation: Booted, manifest: ImageManifest): BootImagePlan {
  const { board, configTxt, commandLine } = generation;
  const ofManifest = planned.get(manifest) ?? new Map<string, BootImagePlan>();
  planned.set(manifest, ofManifest);
  const key = canonicalJson([board, configTxt, commandLine]);
  const plan = ofManifest.get(key) ?? makePlan(generation, manifest);
  ofManifest.set(key, plan);
  return plan;
}

function makePlan(generation: Booted, manifest: ImageManifest): BootImagePlan {
  const { name, version, builtAt } = manifest;
  const files = [...textFiles(generation), ...imageFiles(generation, manifest)].toSorted(byFolderAndName);
  const layout = planFatLayout(files);
  requireLoadable(generation, manifest, layout);
  const content = { files, epochSeconds: Math.floor(Date.parse(builtAt) / 1000), layout };
  return { id: sha256(canonicalJson({ format: 1, ...content })), image: { name, version }, ...content };
}

function textFiles({ configTxt, commandLine }: Booted): BootImageFile[] {
  return [textFile('config.txt', configTxt), textFile('cmdline.txt', commandLine)];
}

function textFile(path: string, content: string): BootImageFile {
  const text = content.endsWith('\n') ? content : `${content}\n`;
  return { kind: 'text', path, text, sizeBytes: Buffer.byteLength(text) };
}

function imageFiles(generation: Booted, { name, version, bootFiles, kernels }: ImageManifest): BootImageFile[] {
  const { board, configTxt } = generation;
  const kernel = kernels.find((candidate) => candidate.boards.includes(board));
  const needed = [...boards[board].firmwareFiles, ...(kernel === undefined ? [] : [kernel.kernel, kernel.initramfs])];
  const missing = needed.filter((path) => !Object.hasOwn(bootFiles, path));
  if (missing.length > 0) {
    throw new ConfigError(`the boot files of ${name}@${version} lack ${missing.join(', ')}, which boot.img needs`, {
      hint: `Build the image again: "pi-image build ${name}".`,
    });
  }
  const words = new Set(configTxt.split(/[\s=,]+/));
  const isWanted = (path: string) =>
    needed.includes(path) || words.has(path) || isDeviceTreeOf(board, path) || path.startsWith('overlays/');
  return Object.entries(bootFiles)
    .filter(([path]) => isWanted(path))
    .map(([path, { sha256: digest, sizeBytes }]) => ({ kind: 'image-file', path, sha256: digest, sizeBytes }));
}

/** All of the chip: the loader chooses by the model that it runs on. */
function isDeviceTreeOf(board: BoardName, path: string): boolean {
  return path.endsWith('.dtb') && path.startsWith(board === 'pi4' ? 'bcm2711-' : 'bcm2712');
}

function requireLoadable({ role, board }: Booted, { name, version }: ImageManifest, { sizeBytes }: FatLayout): void {
  const largest = largestBytes[board];
  if (largest === undefined) {
    const able = Object.keys(largestBytes).join(' and ');
    throw new ConfigError(`a ${board} cannot boot signed`, {
      hint: `Only ${able} load a signed boot.img: leave "boot: signed" out of role ${role}, or give the node another role.`,
    });
  }
  if (sizeBytes <= largest) return;
  throw new ConfigError(
    `boot.img of ${name}@${version} for ${board} has ${mib(sizeBytes)}; a ${board} loads at most ${mib(largest)}`,
    { hint: 'Make kernel and initramfs smaller: fewer modules, fewer boards in the image.' },
  );
}

const mib = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;

const depthOf = (path: string) => path.split('/').length;

/** The top first: firmware finds what it reads first in the first sectors. */
function byFolderAndName(one: BootImageFile, other: BootImageFile): number {
  return depthOf(one.path) - depthOf(other.path) || (one.path < other.path ? -1 : 1);
}
