/** apt with a configuration of its own: it resolves and fetches for arm64 on any machine, and never touches the machine's packages. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HostError } from '../model/errors.ts';
import { aptError } from './apt-error.ts';
import { run, type RunOptions } from './process.ts';

export interface PrivateApt {
  readonly dir: string;
  /** For APT_CONFIG. */
  readonly config: string;
  readonly status: string;
}

/** Settings of the machine that hold for our downloads too: proxies, timeouts, checks of dates. */
const machineSettings = /^(?:Acquire::(?:https?|ftp|Check-[\w-]+|Max-ValidTime)(?:::[^ ]*)?) ".*";$/;

/** @param format see apt-get(8) indextargets */
export function readIndexTargets(format: string, signal: AbortSignal): Promise<string> {
  return run(['apt-get', 'indextargets', '--format', format, 'Identifier: Packages'], { signal });
}

/** @param sourcesList lines of a sources.list */
export async function openApt(
  dir: string,
  sourcesList: string,
  signal: AbortSignal,
  architecture = 'arm64',
): Promise<PrivateApt> {
  const settings = (await run(['apt-config', 'dump'], { signal }))
    .split('\n')
    .filter((line) => machineSettings.test(line));
  try {
    for (const folder of ['lists/partial', 'cache', 'empty/partial']) {
      await mkdir(path.join(dir, folder), { recursive: true, mode: 0o755 });
    }
  } catch (error) {
    throw new HostError(`cannot write ${dir}`, { cause: error, hint: 'Run it with sudo, or give --state DIR.' });
  }
  const apt = { dir, config: path.join(dir, 'apt.conf'), status: path.join(dir, 'status') };
  await keepFile(path.join(dir, 'sources.list'), sourcesList);
  await keepFile(apt.status, '');
  await keepFile(noStatus(apt), '');
  await writeFile(apt.config, `${renderAptConfig(dir, architecture)}${settings.join('\n')}\n`);
  return apt;
}

/** apt throws away what it knows of all packages when one of its files is younger than that: seconds of work. */
async function keepFile(file: string, content: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === content) return;
  await writeFile(file, content);
}

/** Replaces every place where apt would look on this machine. Downloads run as root: `_apt` may not read a private folder. */
function renderAptConfig(dir: string, architecture: string): string {
  return `${isolated(dir, architecture)}
Dir::State::status "${dir}/status";
Dir::Cache::archives "${dir}/empty";
# With what is installed: another one for each question.
Dir::Cache::pkgcache "";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
`;
}

function isolated(dir: string, architecture = 'arm64'): string {
  return `Dir "/";
Dir::Etc::main "";
Dir::Etc::parts "";
Dir::Etc::sourcelist "${dir}/sources.list";
Dir::Etc::sourceparts "";
Dir::Etc::preferences "";
Dir::Etc::preferencesparts "";
Dir::Etc::trusted "";
Dir::Etc::trustedparts "";
Dir::State "${dir}";
Dir::State::lists "${dir}/lists";
Dir::Cache "${dir}/cache";
Dir::Log "${dir}/log";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";`;
}

export interface ChrootAptOptions {
  readonly dir: string;
  /** The image's root as it is mounted. */
  readonly root: string;
  readonly archive: string;
  readonly suite: string;
  /** Instead of the image's own: a program in it, and where that looks for others. */
  readonly dpkg?: { readonly dpkg: string; readonly path: string } | undefined;
}

/**
 * A configuration that installs into `root` from a local archive, with the image's own dpkg. apt does not count as essential,
 * which it would before everything else. @returns for APT_CONFIG
 */
export async function writeChrootAptConfig({ dir, root, archive, suite, dpkg }: ChrootAptOptions): Promise<string> {
  for (const folder of ['lists/partial', 'cache', 'log']) await mkdir(path.join(dir, folder), { recursive: true });
  await writeFile(path.join(dir, 'sources.list'), `deb [trusted=yes] copy:${archive} ${suite} main\n`);
  const config = path.join(dir, 'apt.conf');
  await writeFile(
    config,
    `${isolated(dir)}
Dir::State::status "${root}/var/lib/dpkg/status";
Dir::State::extended_states "${root}/var/lib/apt/extended_states";
Dir::Cache::archives "${root}/run/archives";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
DPkg::Chroot-Directory "${root}";
pkgCacheGen::ForceEssential ",";
DPkg::Options { "--force-unsafe-io"; "--force-confdef"; "--force-confold"; };
${dpkg === undefined ? '' : `Dir::Bin::dpkg "${dpkg.dpkg}";\nDPkg::Path "${dpkg.path}";\n`}`,
  );
  return config;
}

export async function updateLists(apt: PrivateApt, options: RunOptions): Promise<void> {
  await aptRun(apt, ['apt-get', '-q', 'update', '--error-on=any'], options);
}

/** Texts of the release files that were fetched. */
export async function readReleases(apt: PrivateApt): Promise<string[]> {
  const lists = path.join(apt.dir, 'lists');
  const names = (await readdir(lists)).filter((name) => name.endsWith('Release'));
  return Promise.all(names.map((name) => readFile(path.join(lists, name), 'utf8')));
}

/**
 * What installing `packages` would fetch, beside what `status` says is there.
 * @param status text of a dpkg status file @returns lines of `--print-uris`
 */
export async function offerPackages(apt: PrivateApt, request: AptRequest, options: RunOptions): Promise<string> {
  await keepFile(apt.status, request.status);
  return aptRun(apt, ['apt-get', '-qq', '--yes', ...safely(request), '--print-uris', ...verbOf(request)], options);
}

/** What the same would take away. @returns lines of `-s`, among them `Remv NAME [VERSION]` */
export async function simulateApt(apt: PrivateApt, request: AptRequest, options: RunOptions): Promise<string> {
  await keepFile(apt.status, request.status);
  return aptRun(apt, ['apt-get', '-qq', '--yes', '--simulate', ...safely(request), ...verbOf(request)], options);
}

export interface AptRequest {
  /** Text of a dpkg status file. */
  readonly status: string;
  readonly packages: readonly string[];
  /** These and what needs them may go; nothing may when there are none. */
  readonly removes?: readonly string[];
  /** Everything that is there becomes its newest version; then no packages are named. */
  readonly upgrade?: boolean;
}

function safely({ removes = [] }: AptRequest): string[] {
  return removes.length === 0 ? ['--no-remove'] : [];
}

/** `NAME-` takes a package away. */
function verbOf({ packages, removes = [], upgrade = false }: AptRequest): string[] {
  return upgrade ? ['dist-upgrade'] : ['install', ...packages, ...removes.map((name) => `${name}-`)];
}

/** Essential packages of an archive and what they need, in the order in which they are to be unpacked. @returns their names */
export async function orderEssential(config: string, options: RunOptions): Promise<string[]> {
  const withConfig = { ...options, env: { APT_CONFIG: config, LC_ALL: 'C.UTF-8' } };
  await run(['apt-get', '-q', 'update'], withConfig);
  const simulated = await run(['apt-get', '-qq', '--simulate', 'install', '?essential'], withConfig);
  return simulated.split('\n').flatMap((line) => /^Inst ([^ ]+) /.exec(line)?.[1] ?? []);
}

/** @param ids name=version @returns their stanzas */
export async function describePackages(apt: PrivateApt, ids: readonly string[], options: RunOptions): Promise<string> {
  return ids.length === 0 ? '' : aptRun(apt, ['apt-cache', ...ofLists(apt), 'show', ...ids], options);
}

/** @returns stanzas of the newest version of every package that the lists have */
export async function listAvailable(apt: PrivateApt, options: RunOptions): Promise<string> {
  return aptRun(apt, ['apt-cache', ...ofLists(apt), 'dumpavail'], options);
}

const noStatus = ({ dir }: Pick<PrivateApt, 'dir'>) => path.join(dir, 'no-status');

/** What is installed has no part in these answers; what does not change is kept for the next one. */
function ofLists(apt: PrivateApt): string[] {
  return ['-o', `Dir::State::status=${noStatus(apt)}`, '-o', 'Dir::Cache::pkgcache=pkgcache.bin'];
}

export interface Download {
  readonly uri: string;
  readonly target: string;
  /** Not known of a signed index, which is compared afterwards. */
  readonly sha256: string | undefined;
}

/** Fetches files with apt's own methods (proxies, resume, checks); each is complete or not there. */
export async function downloadFiles(apt: PrivateApt, files: readonly Download[], options: RunOptions): Promise<void> {
  const args = files.flatMap(({ uri, target, sha256 }) => [
    uri,
    target,
    sha256 === undefined ? '' : `SHA256:${sha256}`,
  ]);
  await aptRun(apt, ['/usr/lib/apt/apt-helper', '-q', 'download-file', ...args], options);
}

async function aptRun(apt: PrivateApt, argv: readonly [string, ...string[]], options: RunOptions): Promise<string> {
  const said: string[] = [];
  const onLine = (line: string) => {
    said.push(line);
    options.onLine?.(line);
  };
  try {
    return await run(argv, { ...options, onLine, env: { APT_CONFIG: apt.config, LC_ALL: 'C.UTF-8' } });
  } catch (error) {
    if (options.signal.aborted) throw error;
    throw aptError(said, error, options.hint);
  }
}
