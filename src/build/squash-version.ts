/** The squashfs of an image's newest version, made before a role asks for it. */
import path from 'node:path';

import { imagesDir, listVersions, squashDir } from '../host/image-store.ts';
import { listSquashes, makeSquashfs, sweepTorsos } from '../host/squashfs.ts';
import { NotFoundError } from '../model/errors.ts';
import { versionId, type SquashFile } from '../model/root-mode.ts';
import { explainDisk } from './disk-error.ts';

export interface SquashedVersion extends SquashFile {
  /** `name@version` */
  readonly version: string;
}

export async function squashNewest(stateDir: string, name: string, signal: AbortSignal): Promise<SquashedVersion> {
  const [newest] = await listVersions(imagesDir(stateDir), name);
  if (newest === undefined) {
    throw new NotFoundError(`there is no version of the image ${name}`, { hint: `Run "pi-image build ${name}".` });
  }
  const version = versionId(newest);
  await sweepTorsos(squashDir(stateDir));
  const known = (await listSquashes(squashDir(stateDir))).get(version);
  if (known !== undefined) return { version, ...known };
  const root = path.join(imagesDir(stateDir), name, newest.version, 'root');
  const epochSeconds = Math.floor(Date.parse(newest.builtAt) / 1000);
  const making = makeSquashfs({ of: newest, root, squashDir: squashDir(stateDir), epochSeconds, signal });
  // What does not become smaller stays as large as it is.
  const made = await explainDisk(stateDir, making, () => Promise.resolve({ exportsBytes: newest.rootBytes }));
  return { version, ...made };
}
