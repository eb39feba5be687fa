/** Reads everything that the service decides from: cluster.yaml, overlays, boot templates, images. */
import path from 'node:path';

import { fingerprintTrees, fingerprintVersions } from '../host/fingerprint.ts';
import { imagesDir, persistentDir, squashDir } from '../host/image-store.ts';
import { listTrustedImages } from '../host/trusted-images.ts';
import type { FrozenBoot } from '../model/frozen-boot.ts';
import type { NodeSpec } from '../model/node.ts';
import type { ClusterView } from '../model/view.ts';
import { planFrozen } from '../plan/generation.ts';
import type { SiteDeps } from '../serve/site.ts';
import type { Paths } from './context.ts';
import { readConfig, readMadeRoots } from './view.ts';

export function siteReaders(
  paths: Paths,
  tellUntrusted: (problems: readonly string[]) => void = () => undefined,
): Pick<SiteDeps, 'readConfig' | 'listImages' | 'listRoots' | 'fingerprint' | 'fingerprintOwn' | 'freeze'> {
  const images = imagesDir(paths.state);
  const trees = paths.dataDirs.flatMap((dir) => [path.join(dir, 'overlays'), path.join(dir, 'boot')]);
  let secretFiles: readonly string[] = [];
  let madeSecrets: readonly string[] = [];
  return {
    readConfig: async () => {
      const read = await readConfig(paths);
      secretFiles = Object.values(read.cluster.secrets).flatMap((secret) => ('file' in secret ? [secret.file] : []));
      madeSecrets = Object.keys(read.cluster.secrets).map((name) => path.join(paths.state, 'secrets', 'cluster', name));
      return read;
    },
    // Those that we make change in a rotation only, which asks for a reload.
    fingerprintOwn: () => fingerprintTrees([paths.config, ...secretFiles, ...madeSecrets]),
    listImages: async () => {
      const { images: trusted, problems } = await listTrustedImages(paths.state);
      tellUntrusted(problems);
      return trusted;
    },
    listRoots: () => readMadeRoots(paths.state),
    fingerprint: async () =>
      `${await fingerprintTrees([paths.config, ...secretFiles, ...trees])}\n${await fingerprintVersions(images)}\n` +
      `${await fingerprintVersions(squashDir(paths.state))}\n${await fingerprintVersions(persistentDir(paths.state))}`,
    freeze,
  };
}

function freeze(node: NodeSpec, view: ClusterView): FrozenBoot {
  return { format: 1, ...planFrozen(node, view) };
}
