/** A root that is small, and has of everything something that a build without root could get wrong. Its programs are this machine's. */
import { chmod, chown, copyFile, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import { readIndexTargets } from '../../src/host/apt.ts';
import { debianKeyring, findDebianMirrors, indexTargetFormat } from '../../src/plan/build-sources.ts';

const release = '6.12.1-tiny';

const builtin = [
  'nfsv4',
  'overlay',
  'loop',
  'squashfs',
  'virtio_pci',
  'virtio_mmio',
  'virtio_net',
  'virtio-rng',
  'i6300esb',
];

const texts: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nmunge:x:105:110::/:/bin/false\n',
  'etc/group': 'root:x:0:\nshadow:x:42:\nvideo:x:44:\nmunge:x:110:\nnogroup:x:65534:\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\n',
  'etc/hostname': 'theirs\n',
  'etc/keep/one': 'one\n',
  'etc/keep/two': 'two\n',
  'etc/renewed/old': 'old\n',
  'var/lib/dpkg/status': '',
  'var/log/old.log': 'of the build\n',
  'usr/bin/ping': 'ping\n',
  'usr/bin/tool': 'tool\n',
  'usr/lib/secret': 'for munge\n',
  [`boot/vmlinuz-${release}`]: 'a kernel\n',
  [`usr/lib/modules/${release}/modules.dep`]: '',
  [`usr/lib/modules/${release}/modules.softdep`]: '',
  [`usr/lib/modules/${release}/modules.alias`]: '',
  [`usr/lib/modules/${release}/modules.builtin.modinfo`]: '',
  [`usr/lib/modules/${release}/modules.builtin`]: builtin.map((name) => `kernel/${name}.ko\n`).join(''),
};

/** Makes `<dir>/root.tar` by way of `<dir>/root`. */
export async function makeTinySystem(dir: string, signal: AbortSignal): Promise<string> {
  const root = path.join(dir, 'root');
  const at = (...parts: readonly string[]) => path.join(root, ...parts);
  for (const folder of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'usr/sbin', 'usr/share/keyrings', 'var/lib/dbus']) {
    await mkdir(at(folder), { recursive: true });
  }
  const { debian } = findDebianMirrors(await readIndexTargets(indexTargetFormat, signal));
  const sources = `Types: deb\nURIs: ${debian}\nSuites: trixie\nComponents: main\nSigned-By: ${debianKeyring}\n`;
  for (const [name, text] of Object.entries({ ...texts, 'etc/apt/sources.list.d/debian.sources': sources })) {
    await mkdir(at(path.dirname(name)), { recursive: true });
    await writeFile(at(name), text);
  }
  await copyFile(debianKeyring, at(debianKeyring));
  await copyFile('/bin/busybox', at('usr/bin/busybox'));
  for (const name of ['sh', 'mkdir', 'rm', 'chown', 'chmod', 'touch', 'ln', 'id', 'cat', 'test']) {
    await symlink('busybox', at('usr/bin', name));
  }
  for (const name of ['bin', 'sbin', 'lib']) await symlink(`usr/${name}`, at(name));
  await link(at('usr/bin/tool'), at('usr/bin/tool-again'));
  await chown(at('etc/shadow'), 0, 42);
  await chmod(at('etc/shadow'), 0o640);
  await chown(at('usr/lib/secret'), 105, 110);
  await chmod(at('usr/lib/secret'), 0o400);
  await chmod(at('usr/bin/tool'), 0o4755);
  await chmod(at('tmp'), 0o1777);
  const mine = ['setfattr', '-n', 'user.note', '-v', 'kept'] as const;
  for (const argv of [
    ['setcap', 'cap_net_raw+ep', at('usr/bin/ping')],
    [...mine, at('usr/bin/ping')],
    ['setfacl', '-m', 'u:105:r', at('etc/keep/one')],
    ['mkfifo', at('usr/lib/fifo')],
    ['mknod', at('dev/null'), 'c', '1', '3'],
    // What packages bring is older than the archive that it comes from.
    ['find', root, '-exec', 'touch', '--no-dereference', '--date=@1000000000', '{}', '+'],
  ] as const) {
    await run(argv, { signal });
  }
  const file = path.join(dir, 'root.tar');
  const keep = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--format=posix'];
  await run(['tar', '--create', ...keep, '--file', file, '--directory', root, '.'], { signal });
  return file;
}
