/** Installs the programs that a part of pi-image runs and this machine lacks; says what and why. Debian only. */
import { rm, stat, writeFile } from 'node:fs/promises';

import { run } from '../host/process.ts';
import { hasServiceUser, makeServiceUser, serviceUser } from '../host/service-user.ts';
import { HostError } from '../model/errors.ts';
import { packagesFor, type ToolPackage, type ToolSet } from './setup-packages.ts';

export interface SetupOptions {
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Done at once, without network and without root, when nothing is missing. */
export async function setUp(sets: readonly ToolSet[], options: SetupOptions): Promise<void> {
  const missing = await findMissing(sets, options.signal);
  if (missing.length > 0) await installMissing(missing, options);
  else options.tell('all programs are there');
  if (sets.includes('serve')) await addServiceUser(options);
}

/** Where systemd runs the service; elsewhere whoever starts it decides as whom. */
async function addServiceUser({ tell, signal }: SetupOptions): Promise<void> {
  if (!(await exists('/run/systemd/system')) || (await hasServiceUser(signal))) return;
  if (process.getuid?.() !== 0) {
    throw new HostError(`this machine lacks the user ${serviceUser}, as whom the service runs`, {
      hint: 'Run "sudo pi-image setup serve".',
    });
  }
  await makeServiceUser(signal);
  tell(`made the user ${serviceUser}, as whom the service runs`);
}

async function installMissing(missing: readonly ToolPackage[], options: SetupOptions): Promise<void> {
  const names = missing.map((tool) => tool.name);
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (!(await exists('/usr/bin/apt-get'))) {
    throw new HostError(`this machine lacks ${names.join(', ')}, and it has no apt-get to install them`, {
      hint: 'Install the programs in these Debian packages in the way of this system.',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new HostError(`this machine lacks ${names.join(', ')}`, { hint: `Run "sudo ${command}".` });
  }
  for (const tool of missing) options.tell(`installing ${tool.name}: ${tool.why}`);
  await withoutStartingServices(() => install(names, options));
  await disableUnits(missing, options);
}

async function findMissing(sets: readonly ToolSet[], signal: AbortSignal): Promise<ToolPackage[]> {
  const wanted = packagesFor(sets, process.arch);
  const installed = await readInstalled(signal);
  return wanted.filter((tool) => !installed.has(tool.name));
}

async function readInstalled(signal: AbortSignal): Promise<ReadonlySet<string>> {
  const format = '${db:Status-Status} ${Package}\n';
  // A system without dpkg has none of the packages: what is to be done is said then.
  const text = await run(['dpkg-query', '--show', `--showformat=${format}`], { signal }).catch((error: unknown) => {
    if (error instanceof HostError) return '';
    throw error;
  });
  const lines = text.split('\n').filter((line) => line.startsWith('installed '));
  return new Set(lines.map((line) => line.slice('installed '.length)));
}

const aptOptions = ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];

async function install(names: readonly string[], { tell, signal }: SetupOptions): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const hint = 'Look whether the package mirror in /etc/apt can be reached.';
  const onLine = (line: string) => tell(`  ${line}`);
  await run(['apt-get', ...aptOptions, 'update'], { signal, env, hint, onLine });
  const flags = ['install', '-y', '--no-install-recommends'];
  await run(['apt-get', ...aptOptions, ...flags, ...names], { signal, env, hint, onLine });
}

const policyFile = '/usr/sbin/policy-rc.d';

/** invoke-rc.d(8): exit code 101 forbids packages to start their services. A policy that is there is left alone. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  if (await exists(policyFile)) return work();
  await writeFile(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    await rm(policyFile, { force: true });
  }
}

/** Else the next start of the machine would give their ports to Debian's own services. */
async function disableUnits(installed: readonly ToolPackage[], { tell, signal }: SetupOptions): Promise<void> {
  const units = installed.flatMap((tool) => tool.units ?? []);
  if (units.length === 0 || !(await exists('/run/systemd/system'))) return;
  tell(`disabling ${units.join(', ')}: pi-image starts its own`);
  await run(['systemctl', 'disable', ...units], { signal });
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
