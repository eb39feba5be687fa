/** What all steps of one build share: where things are, what was decided, and what earlier steps found out. */
import path from 'node:path';

import type { IdRegistry } from '../model/build-record.ts';
import type { DisklessRecord } from '../model/diskless.ts';
import type { ImageSpec } from '../model/image-spec.ts';
import type { PackageLock } from '../model/package-lock.ts';
import type { BootKernel } from '../plan/boot-layout.ts';
import type { BuildPlan } from '../plan/build.ts';
import type { Placed } from './flatten.ts';
import type { BuildProgress } from './progress.ts';
import type { TreeSummary } from './scan-tree.ts';

export const buildEngines = ['fast', 'plain'] as const;
/** `plain` emulates every program of the image, `fast` only those that this machine has none of its own for: the same tree. */
export type BuildEngine = (typeof buildEngines)[number];

export interface BuildRequest {
  readonly name: string;
  readonly spec: ImageSpec;
  /** Folder of image.yaml. */
  readonly specDir: string;
  /** boot/initramfs of this program. */
  readonly scriptsDir: string;
  readonly stateDir: string;
  /** The folder is the administrator's own and can be written to: what is decided for the image is kept there. */
  readonly isOwnSpec: boolean;
  /** Only what is on this machine. */
  readonly offline: boolean;
  /** `fast` when nothing is said. */
  readonly engine?: BuildEngine;
  readonly now: () => Date;
  readonly progress: BuildProgress;
  readonly signal: AbortSignal;
}

export interface RunningBuild extends BuildRequest {
  readonly lock: PackageLock;
  readonly plan: BuildPlan;
  readonly registry: IdRegistry;
  /** This build's own scratch folder. */
  readonly workDir: string;
  /** The version in the making: root/, boot/, then manifest.json. */
  readonly torso: string;
  readonly found: Found;
}

/** Filled by the steps that find it out. */
interface Found {
  kernels: readonly BootKernel[];
  /** Where its boot files are to be kept for the next build, or that they were. */
  bootCache: string | undefined;
  /** Files of the tree that are the store's objects, by path. */
  placed: ReadonlyMap<string, Placed>;
  /** What the seal did. */
  sealed: DisklessRecord | undefined;
  tree: TreeSummary | undefined;
  /** The published version. */
  version: string | undefined;
}

/** Folders of the state directory that builds use. */
export function buildPaths(stateDir: string) {
  return {
    debs: path.join(stateDir, 'debs'),
    layers: path.join(stateDir, 'layers'),
    boot: path.join(stateDir, 'boot-cache'),
    apt: path.join(stateDir, 'apt'),
    native: path.join(stateDir, 'native'),
    lock: (name: string) => path.join(stateDir, 'locks', `${name}.json`),
    record: (name: string) => path.join(stateDir, 'builds', `${name}.json`),
    log: (name: string) => path.join(stateDir, 'builds', `${name}.log`),
    /** Archives for root, of builds without root. */
    handover: (name: string) => path.join(stateDir, 'handover', name),
    ids: (name: string) => path.join(stateDir, 'ids', `${name}.json`),
  } as const;
}

export function layerRoot(stateDir: string, key: string): string {
  return path.join(buildPaths(stateDir).layers, key, 'root');
}

/** Where the whole output of a build is, for errors. */
export function logHint({ stateDir, name }: Pick<BuildRequest, 'stateDir' | 'name'>): string {
  return `The whole output is in ${buildPaths(stateDir).log(name)}.`;
}
