/** What `rack` and `demo` share: the real dependencies of a rack, and its commands as processes. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { logTo } from '../host/log.ts';
import { fileSystemOf } from '../host/mounts.ts';
import type { Argv } from '../host/process.ts';
import { ConfigError, HostError } from '../model/errors.ts';
import type { RackSpec } from '../model/rack-spec.ts';
import { rackFolder, type BoardFolder, type RackFolder } from '../rack/folder.ts';
import type { FirmwareBoard } from '../rack/rack-plan.ts';
import { readRecord } from '../rack/record.ts';
import { runRack } from '../rack/rack.ts';
import { selfArgv, selfWithPaths } from './self.ts';

export function requireRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new HostError(`${what} needs root: it makes network namespaces and mounts`, { hint: 'Run it with sudo.' });
}

export function rackInsideArgv(folder: RackFolder): Argv {
  return selfArgv('rack', 'run', '--dir', folder.dir);
}

/** `pi-image` as it speaks to the rack's own service. */
export function piImageInRack(folder: RackFolder): (...args: readonly string[]) => Argv {
  const paths = { config: folder.clusterYaml, state: folder.state, runtime: folder.runtime };
  return (...args) => selfWithPaths(paths, ...args);
}

/** The rack from the inside; returns when it is taken down. */
export async function runInside(dir: string, signal: AbortSignal): Promise<void> {
  const folder = rackFolder(dir);
  const record = await readRecord(folder);
  if (record === undefined) throw new ConfigError(`there is no rack in ${dir}`);
  const log = logTo(process.stdout);
  await runRack({ folder, record, piImage: piImageInRack(folder), firmwareArgv, log }, signal);
}

/** HTTP_HOST and HTTP_PATH in the EEPROMs of a rack's boards. */
const signedBootUrl = 'http://10.42.0.1/boot';

function firmwareArgv({ identity, spec }: FirmwareBoard, folder: BoardFolder): Argv {
  const { board, mac, serial, revision, eeprom } = identity;
  const http = spec.bootOrder === 'http' ? ['--http-url', signedBootUrl, '--http-key', folder.signingKey] : [];
  const who = ['--board', board, '--mac', mac, '--serial', serial, '--revision', String(revision), '--eeprom', eeprom];
  return selfArgv('rack', 'firmware', ...who, ...http, '--out', folder.dir);
}

/** The rack's own service would refuse them, after a while. */
async function requireApart(imagesDir: string): Promise<void> {
  if ((await fileSystemOf(imagesDir)) !== (await fileSystemOf('/'))) return;
  throw new ConfigError(`${imagesDir} lies on the file system of this machine, which boards could reach`, {
    hint: 'Give the images one of their own: "pi-image init --file-systems".',
  });
}

/** @throws ConfigError when no version of the image is published */
export async function requireImage(spec: Pick<RackSpec, 'image'>, imagesDir: string): Promise<void> {
  const [name = ''] = spec.image.split('@');
  const found = await stat(path.join(imagesDir, name)).catch(() => undefined);
  if (found?.isDirectory() === true) return requireApart(imagesDir);
  throw new ConfigError(`there is no image ${name} in ${imagesDir}`, { hint: `Run "pi-image build ${name}".` });
}
