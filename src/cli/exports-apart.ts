/** Every tree that nodes mount lies apart from what they must not reach. Asked at the start, and whenever exports begin. */
import path from 'node:path';

import { exportsDir, imagesDir, persistentDir, squashDir } from '../host/image-store.ts';
import { fileSystemOf } from '../host/mounts.ts';
import type { Cluster } from '../model/cluster.ts';
import { requireOwnFileSystems, type ExportedPlace } from '../plan/file-systems.ts';
import type { Paths } from './context.ts';

/** @throws ConfigError */
export async function requireExportsApart(
  { state }: Pick<Paths, 'state'>,
  { shares, roles }: Pick<Cluster, 'shares' | 'roles'>,
): Promise<void> {
  const hasTrees = Object.values(roles).some(({ root }) => root === 'persistent');
  const places: Omit<ExportedPlace, 'fileSystem'>[] = [
    { what: 'images', path: imagesDir(state), access: 'read-only' },
    { what: 'squashed images', path: squashDir(state), access: 'read-only' },
    ...(hasTrees ? [{ what: 'trees of nodes', path: persistentDir(state), access: 'read-write' as const }] : []),
    ...shares.map((share) => ({
      what: `files of share ${share.name}`,
      path: share.path,
      access: 'read-write' as const,
    })),
  ];
  const exported = await Promise.all(
    places.map(async (place) => Object.assign(place, { fileSystem: await fileSystemOf(place.path) })),
  );
  const own = [
    { what: 'the secrets', fileSystem: await fileSystemOf(path.join(state, 'secrets')) },
    { what: 'the state', fileSystem: await fileSystemOf(state) },
    { what: 'this machine', fileSystem: await fileSystemOf('/') },
  ];
  requireOwnFileSystems(exported, own);
}

/** File systems in files that a machine without partitions for them has. */
export function loopFileSystems(state: string) {
  return {
    exports: { image: path.join(state, 'exports.img'), mountPoint: exportsDir(state), label: 'pi-exports' },
    persistent: { image: path.join(state, 'persistent.img'), mountPoint: persistentDir(state), label: 'pi-persistent' },
  } as const;
}
