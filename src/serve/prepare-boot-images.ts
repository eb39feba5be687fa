/** Makes each boot.img before a board asks for it, says what is in the way, and removes those that no boot needs. */
import { setTimeout as sleep } from 'node:timers/promises';

import { describeError } from '../model/describe-error.ts';
import { PiImageError } from '../model/errors.ts';
import type { Generation } from '../model/generation.ts';
import type { ImageManifest } from '../model/manifest.ts';
import { planBootImage, type BootImagePlan } from '../plan/boot-image.ts';
import type { BootImages } from './boot-images.ts';
import type { Boots } from './boots.ts';
import type { Health } from './health.ts';
import type { Site } from './site.ts';

export interface PrepareDeps {
  readonly site: Pick<Site, 'view' | 'desired'>;
  readonly boots: Pick<Boots, 'generations'>;
  readonly bootImages: BootImages;
  readonly health: Health;
}

/** As the part of the service that a user sees it. */
const partName = 'signed-boot';

const pollMs = 2000;

/** Until the signal aborts; never throws for what an owner can repair. */
export async function keepBootImages(deps: PrepareDeps, signal: AbortSignal): Promise<void> {
  let prepared: unknown;
  while (!signal.aborted) {
    const view = deps.site.view();
    if (prepared !== view) prepared = (await prepareBootImages(deps)) ? view : undefined;
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

interface Wanted {
  readonly generation: Generation;
  readonly manifest: ImageManifest;
  readonly plan: BootImagePlan;
}

/** @returns false when something has to be tried again */
export async function prepareBootImages(deps: PrepareDeps): Promise<boolean> {
  const { bootImages, health } = deps;
  const desired = unique(desiredSigned(deps));
  const problems = new Set<string>();
  for (const { generation, manifest } of desired) {
    try {
      await bootImages.of(generation, manifest);
    } catch (error) {
      if (!(error instanceof PiImageError)) throw error;
      problems.add([describeError(error), error.hint].filter(Boolean).join('. '));
    }
  }
  const isNews = desired.length > 0 || health.parts().some(({ name }) => name === partName);
  if (isNews) health.report(partName, [...problems]);
  const promised = [...deps.boots.generations().values()].flatMap((generation) => wanted(deps, generation));
  await bootImages.keepOnly([...desired, ...promised].map(({ plan }) => plan));
  return problems.size === 0;
}

function desiredSigned(deps: PrepareDeps): Wanted[] {
  const { site } = deps;
  const { nodes, cluster } = site.view();
  const signed = nodes.filter(({ role }) => cluster.roles[role]?.boot === 'signed');
  return signed.flatMap((node) => {
    const desired = site.desired(node);
    return desired.kind === 'boots' ? wanted(deps, desired.frozen.generation) : [];
  });
}

/** Nothing for a generation that boots otherwise, or whose image is gone. */
function wanted({ site }: PrepareDeps, generation: Generation): Wanted[] {
  const { name, version } = generation.image;
  const manifest = site
    .view()
    .images.get(name)
    ?.find((candidate) => candidate.version === version);
  if (generation.boot !== 'signed' || manifest === undefined) return [];
  return [{ generation, manifest, plan: planBootImage(generation, manifest) }];
}

/** Many nodes share one. */
function unique(all: readonly Wanted[]): Wanted[] {
  return [...new Map(all.map((each) => [each.plan.id, each])).values()];
}
