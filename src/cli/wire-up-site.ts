/** Reads everything that the service decides from: cluster.yaml, overlays, boot templates, images. */
import path from 'node:path';

import { listImageSpecs, readBoardTemplates, readCluster, readOverlays } from '../host/config-files.ts';
import { fingerprintTrees, fingerprintVersions } from '../host/fingerprint.ts';
import { imagesDir, listImages } from '../host/image-store.ts';
import type { FrozenBoot } from '../model/frozen-boot.ts';
import type { NodeSpec } from '../model/node.ts';
import { placeProblems, ProblemsError } from '../model/problem.ts';
import type { ClusterView } from '../model/view.ts';
import { checkCluster } from '../plan/check-cluster.ts';
import { chooseImage } from '../plan/choose-image.ts';
import { planGeneration } from '../plan/generation.ts';
import type { KnownImage, KnownParts } from '../plan/known-parts.ts';
import { renderFrozenOverlay } from '../plan/overlay.ts';
import type { SiteConfig, SiteDeps } from '../serve/site.ts';
import type { Paths } from './context.ts';

export function siteReaders(paths: Paths): Pick<SiteDeps, 'readConfig' | 'listImages' | 'fingerprint' | 'freeze'> {
  const images = imagesDir(paths.state);
  const trees = paths.dataDirs.flatMap((dir) => [path.join(dir, 'overlays'), path.join(dir, 'boot')]);
  return {
    readConfig: () => readSiteConfig(paths),
    listImages: () => listImages(images),
    fingerprint: async () =>
      `${await fingerprintTrees([paths.config, ...trees])}\n${await fingerprintVersions(images)}`,
    freeze,
  };
}

/** @throws ProblemsError with all that is wrong in cluster.yaml */
async function readSiteConfig(paths: Paths): Promise<SiteConfig> {
  const { cluster, place } = await readCluster(paths.config);
  const overlays = await readOverlays(paths.dataDirs);
  const boardTemplates = await readBoardTemplates(paths.dataDirs);
  const known = await readKnownParts(paths, overlays);
  const problems = checkCluster(cluster, known);
  if (problems.length > 0) throw new ProblemsError(placeProblems(problems, place));
  return { cluster, overlays, boardTemplates };
}

/** What the files may refer to. */
export async function readKnownParts(paths: Paths, overlays: KnownParts['overlays']): Promise<KnownParts> {
  const published = await listImages(imagesDir(paths.state));
  const specs = await listImageSpecs(paths.dataDirs);
  const images = new Map<string, KnownImage>([...specs.keys()].map((name) => [name, { boards: undefined }]));
  for (const [name, versions] of published) images.set(name, { boards: versions[0]?.boards });
  return { overlays, images };
}

function freeze(node: NodeSpec, view: ClusterView): FrozenBoot {
  const generation = planGeneration(node, view);
  const { name, version } = generation.image;
  const overlay = renderFrozenOverlay({ node, view, manifest: chooseImage(`${name}@${version}`, view.images) });
  return { format: 1, generation, overlay };
}
