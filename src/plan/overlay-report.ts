/** What does the next boot of a node change of its frozen files? */
import type { FrozenBoot } from '../model/frozen-boot.ts';
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeFile } from '../model/node-file.ts';
import type { OverlayReport } from '../model/overlay-report.ts';
import type { ClusterView } from '../model/view.ts';
import { diffFiles } from './role-change-diff.ts';
import { sideFile, type SideFile } from './role-change-side.ts';

/** @param running what it boots now; undefined: nothing is known, so nothing is said to change */
export function diffFrozen(
  running: FrozenBoot | undefined,
  desired: FrozenBoot | undefined,
  images: ClusterView['images'],
): Pick<OverlayReport, 'files' | 'patches'> {
  if (running === undefined || desired === undefined) {
    return { files: { added: [], changed: [], removed: [] }, patches: {} };
  }
  return diffFiles(sideOf(running, images), sideOf(desired, images));
}

/** An image that is gone names no owners: numbers are compared then. */
function sideOf({ generation: { image }, overlay }: FrozenBoot, images: ClusterView['images']) {
  const manifest = images.get(image.name)?.find(({ version }) => version === image.version);
  return { files: filesByPath(overlay, manifest ?? nobody), takenAway: globsOf(overlay) };
}

const nobody = { users: {}, groups: {} };

function filesByPath(files: readonly NodeFile[], manifest: Pick<ImageManifest, 'users' | 'groups'>) {
  const secrets = new Set<string>();
  return new Map(
    files.flatMap((file): (readonly [string, SideFile])[] =>
      file.kind === 'remove' ? [] : [[file.path, sideFile(file, { manifest, secrets })]],
    ),
  );
}

const globsOf = (files: readonly NodeFile[]) => files.flatMap((file) => (file.kind === 'remove' ? [file.glob] : []));
