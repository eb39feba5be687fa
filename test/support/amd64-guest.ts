/** An amd64 virtual machine on Debian's own kernel whose root is this machine's, read-only under a scratch layer: for what the host kernel lacks. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import { orderModules, parseModules } from '../../src/plan/module-order.ts';
import { encodeCpio, type CpioEntry } from '../../src/wire/cpio.ts';

export interface Guest {
  readonly kernel: string;
  readonly initramfs: string;
}

const bootModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/** Everything under 9p is the host's; what the script writes stays in the guest's memory. The script ends the guest. */
const init = `#!/bin/sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
ifconfig lo up
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /host
mount -t tmpfs scratch /scratch; mkdir /scratch/upper /scratch/work
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work root /new
mount -t proc proc /new/proc; mount -t sysfs sys /new/sys; mount -o move /dev /new/dev
for folder in run var/lib/nfs; do mount -t tmpfs "$folder" "/new/$folder"; done
cp /script /new/run/script
chroot /new /bin/sh /run/script
poweroff -f
`;

/** @param modules beside those that reach the host's files; @param script runs as root in the guest, under /bin/sh */
export async function makeGuest(
  dir: string,
  options: { modules: readonly string[]; script: string; signal: AbortSignal },
): Promise<Guest> {
  const kernelDir = await fetchKernel(path.join(dir, 'kernel'), options.signal);
  const [release = ''] = await readdir(path.join(kernelDir, 'lib/modules'));
  const moduleDir = path.join(kernelDir, 'lib/modules', release);
  const modules = await readModules(moduleDir, [...bootModules, ...options.modules]);
  const archive = encodeCpio([
    ...['proc', 'dev', 'host', 'scratch', 'new'].map((name): CpioEntry => ({
      kind: 'directory',
      path: name,
      mode: 0o755,
    })),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: await readFile('/bin/busybox') },
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    { kind: 'file', path: 'init', mode: 0o755, bytes: Buffer.from(init) },
    { kind: 'file', path: 'script', mode: 0o755, bytes: Buffer.from(options.script) },
    ...modules,
  ]);
  const initramfs = path.join(dir, 'initramfs');
  await writeFile(initramfs, archive);
  return { kernel: path.join(kernelDir, 'boot', `vmlinuz-${release}`), initramfs };
}

async function readModules(moduleDir: string, names: readonly string[]): Promise<CpioEntry[]> {
  const read = (file: string) => readFile(path.join(moduleDir, file), 'utf8');
  const [dep, builtin, softdep] = await Promise.all(
    ['modules.dep', 'modules.builtin', 'modules.softdep'].map((file) => read(file)),
  );
  const index = parseModules({ dep: dep ?? '', builtin: builtin ?? '', softdep: softdep ?? '' });
  return Promise.all(
    orderModules(index, names).map(async (name, position): Promise<CpioEntry> => {
      const bytes = await readFile(path.join(moduleDir, index.paths.get(name) ?? ''));
      return { kind: 'file', path: `modules/${String(position).padStart(3, '0')}-${name}.ko`, mode: 0o644, bytes };
    }),
  );
}

/** @returns the guest's console. No accelerator is needed; it ends by itself or with the signal. */
export function bootGuest(guest: Guest, signal: AbortSignal): Promise<string> {
  const machine = ['-M', 'q35', '-m', '1536', '-smp', '1', '-nographic', '-no-reboot', '-nic', 'none'] as const;
  const host = 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap';
  const boot = ['-kernel', guest.kernel, '-initrd', guest.initramfs, '-append', 'console=ttyS0 panic=1 quiet'] as const;
  return run(['qemu-system-x86_64', ...machine, '-virtfs', host, ...boot], { signal });
}

/** Debian's kernel package, unpacked and not installed. */
async function fetchKernel(dir: string, signal: AbortSignal): Promise<string> {
  await mkdir(dir, { recursive: true });
  const depends = await run(['apt-cache', 'depends', 'linux-image-amd64'], { signal });
  const name = /Depends: (linux-image-[\w.+-]+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error('apt knows no linux-image-amd64; run apt-get update');
  await run(['apt-get', 'download', '-o', 'APT::Sandbox::User=root', name], { cwd: dir, signal });
  const deb = (await readdir(dir)).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb')) ?? name;
  const root = path.join(dir, 'root');
  await run(['dpkg', '-x', path.join(dir, deb), root], { signal });
  await run(['depmod', '-b', root, name.replace('linux-image-', '')], { signal });
  return root;
}
