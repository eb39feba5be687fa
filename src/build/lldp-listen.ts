/** The program with which a board in its hold boot hears the port of its switch: 2 KB, compiled where there is a compiler. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { isInstalled } from '../host/installed.ts';
import { run, type Argv } from '../host/process.ts';

interface LldpListenRequest {
  /** boot/initramfs of this program */
  readonly scriptsDir: string;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** No C library, no build id: the same compiler makes the same bytes. */
const flags = [
  '-std=c11',
  '-Os',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-nostdlib',
  '-static',
  '-s',
  '-Wl,--build-id=none',
];

const compilers = process.arch === 'arm64' ? ['cc', 'aarch64-linux-gnu-gcc'] : ['aarch64-linux-gnu-gcc'];

/**
 * @returns undefined where there is no compiler: boards then wait all the same, and do not tell their port
 * @throws HostError when there is one and it fails: the same inputs must not make another image for that
 */
export async function compileLldpListen(request: LldpListenRequest): Promise<Uint8Array | undefined> {
  const { scriptsDir, scratch, signal } = request;
  const out = path.join(scratch, 'lldp-listen');
  for (const compiler of compilers) {
    if (!(await isInstalled(compiler))) continue;
    const argv: Argv = [compiler, ...flags, '-o', out, path.join(scriptsDir, 'lldp', 'lldp-listen.c')];
    await run(argv, { signal, hint: 'Mend the compiler, or remove it: images are built without one, too.' });
    return readFile(out);
  }
  return undefined;
}
