/** Who does what takes root: this process where it is root, else the helper behind its socket. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { readCluster } from '../host/config-files.ts';
import { imagesDir, listImages, persistentDir, squashDir } from '../host/image-store.ts';
import { endGroup, leaderOf, startGroup } from '../host/process-group.ts';
import { requestOnce } from '../host/request-socket.ts';
import { requireRootsPath } from '../host/roots-path.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Log } from '../model/log.ts';
import { createHelper, type BuildAct } from '../serve/helper.ts';
import { helperRootActs } from '../serve/helper-root-acts.ts';
import { ownRootActs } from '../serve/own-root-acts.ts';
import type { RootActs } from '../serve/root-acts.ts';
import { longestActBytes } from '../wire/root-act.ts';
import { buildArgv, startBuildProgram } from './build-programs.ts';
import type { Paths } from './context.ts';
import { requireExportsApart } from './exports-apart.ts';
import { helperSocket } from './root-runtime.ts';
import { nfsExporters } from './wire-up-nfs.ts';

const dirsOf = ({ state }: Pick<Paths, 'state'>) => ({
  imagesDir: imagesDir(state),
  squashDir: squashDir(state),
  persistentDir: persistentDir(state),
});

type Exporters = ReturnType<typeof nfsExporters>;

/** They remember what the server has read: the same as long as it listens in the same place. */
function exportersOf(paths: Paths): (cluster: Cluster) => Exporters {
  let last: { readonly place: string; readonly exporters: Exporters } | undefined;
  return ({ network, ports }) => {
    const { address } = network.address;
    const place = `${address}:${ports.nfs}`;
    if (last?.place !== place) last = { place, exporters: nfsExporters(paths, { address, port: ports.nfs }) };
    return last.exporters;
  };
}

interface Options {
  readonly paths: Paths;
  readonly log: Log;
}

export function rootActsHere({ paths, log }: Options): (cluster: Cluster) => RootActs {
  const exporters = exportersOf(paths);
  return (cluster) => ownRootActs({ ...dirsOf(paths), stateDir: paths.state, exporters: exporters(cluster), log });
}

/** As `serve` uses it when it is not root. */
export function rootActsByHelper(paths: Paths): RootActs {
  const socket = helperSocket(paths);
  return helperRootActs((line, signal) => requestOnce(socket, line, { longestBytes: longestActBytes, signal }));
}

export async function hasHelper(paths: Paths): Promise<boolean> {
  return (await stat(helperSocket(paths)).catch(() => undefined))?.isSocket() === true;
}

interface HelpersBuild {
  readonly paths: Paths;
  readonly act: BuildAct;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Programs that unpack packages take their time to end. */
const graceMs = 9000;

async function buildHere({ paths, act, onLine, signal }: HelpersBuild): Promise<number | null> {
  const argv = buildArgv(paths, act, act.isPlan);
  const group = await (act.isPlan ? startGroup(argv, onLine) : startBuildProgram(argv, onLine));
  const leader = await leaderOf(group.pid);
  const stop = () => void (leader && endGroup(leader, graceMs));
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return group.ended.finally(() => signal.removeEventListener('abort', stop));
}

/** What answers one line of the service. */
export function openHelper(options: Options): ReturnType<typeof createHelper> {
  const { paths, log } = options;
  const dirs = dirsOf(paths);
  return createHelper({
    ...dirs,
    nfsDir: path.join(paths.state, 'nfs'),
    readCluster: async () => (await readCluster(paths.config)).cluster,
    listImages: () => listImages(dirs.imagesDir),
    actsFor: rootActsHere(options),
    requireApart: (cluster) => requireExportsApart(paths, cluster),
    requireTrusted: (place) => requireRootsPath(place, isBelow(place, paths.state) ? paths.state : '/'),
    build: (act, onLine, signal) => buildHere({ paths, act, onLine, signal }),
    log,
  });
}

const isBelow = (place: string, folder: string) => place.startsWith(`${folder}/`);
