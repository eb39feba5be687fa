/** Makes the base of an image with mmdebstrap, from a local archive that holds exactly the locked packages. */
import { emulation } from './binfmt.ts';
import { seedIds } from './chroot.ts';
import { runInSandbox, type SandboxOptions } from './sandbox.ts';

export interface BootstrapRequest {
  /** Folder of the local archive. */
  readonly archive: string;
  readonly suite: string;
  /** name=version */
  readonly packages: readonly string[];
  /** Folder with the registered lines of passwd and group. */
  readonly ids: string;
  readonly target: string;
  readonly epochSeconds: number;
}

/**
 * $1 the new root, then mmdebstrap's own arguments. In a user namespace it makes no device nodes. The seal empties /dev in
 * either case, and the time that this gives the folder must not tell the two apart.
 */
const bootstrapScript = `
target=$1; shift
mmdebstrap "$@"
[ -e "$target/dev/null" ] || : > "$target/dev/null"
`;

/** The archive was checked when it was locked: apt verified the signed index, and each deb has its sha256 in ours. */
export async function bootstrapImage(
  request: BootstrapRequest,
  options: Omit<SandboxOptions, 'network'>,
): Promise<void> {
  const { archive, suite, packages, ids, target } = request;
  const seed = `${seedIds}seed_ids "$1" ${quote(ids)}`;
  const argv = [
    '--mode=root',
    '--format=directory',
    '--variant=essential',
    '--architectures=arm64',
    '--components=main',
    '--verbose',
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Sandbox::User "root"',
    '--aptopt=APT::Install-Recommends "false"',
    '--dpkgopt=force-unsafe-io',
    `--essential-hook=${seed}`,
    `--include=${packages.join(',')}`,
    suite,
    target,
    `deb [trusted=yes] copy:${archive} ${suite} main`,
  ];
  await runInSandbox(bootstrapScript, [target, ...argv], {
    ...options,
    network: false,
    env: { ...emulation(), INITRD: 'No', SOURCE_DATE_EPOCH: String(request.epochSeconds), LC_ALL: 'C.UTF-8' },
  });
}

/** mmdebstrap's hooks are shell text: the one place where a path has to be quoted. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
