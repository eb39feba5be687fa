/** What a build needs of this machine, checked before anything is begun. */
import { isInstalled } from '../host/installed.ts';
import { claimState } from '../host/state-owner.ts';
import { ConfigError, HostError } from '../model/errors.ts';

/** Program -> the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  'arch-test': 'arch-test',
  zstd: 'zstd',
  xz: 'xz-utils',
  gzip: 'gzip',
  getfattr: 'attr',
  tar: 'tar',
  unshare: 'util-linux',
  setpriv: 'util-linux',
};

export function requireRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new HostError(`${what} needs root: its files belong to root and to the users of the image`, {
    hint: 'Run it with sudo.',
  });
}

/** Paths go into mount options and apt's configuration, which know no quoting. */
export function requireStateDir(stateDir: string): void {
  if (/^[\w./@+-]+$/.test(stateDir)) return;
  throw new ConfigError(
    `${stateDir} cannot hold images: its path has other characters than letters, digits and ._-/@+`,
    {
      hint: 'Choose another state directory with --state DIR.',
    },
  );
}

export async function checkMachine(stateDir: string): Promise<void> {
  requireRoot('building an image');
  requireStateDir(stateDir);
  await claimState(stateDir);
  const wanted = process.arch === 'arm64' ? programs : { ...programs, 'qemu-aarch64-static': 'qemu-user-static' };
  const missing: string[] = [];
  for (const [program, name] of Object.entries(wanted)) if (!(await isInstalled(program))) missing.push(name);
  if (missing.length === 0) return;
  throw new HostError(`programs that a build needs are missing: ${missing.join(', ')}`, {
    hint: `Run "apt install --no-install-recommends ${[...new Set(missing)].join(' ')}".`,
  });
}
