/** The program with which a board in its hold boot hears the port of its switch: 2 KB, compiled where there is a compiler. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { run } from '../host/process.ts';
import { HostError } from '../model/errors.ts';

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

/** undefined where no compiler makes it: boards then wait all the same, and do not tell their port. */
export async function compileLldpListen(request: LldpListenRequest): Promise<Uint8Array | undefined> {
  const { scriptsDir, scratch, signal } = request;
  const out = path.join(scratch, 'lldp-listen');
  for (const compiler of compilers) {
    try {
      await run([compiler, ...flags, '-o', out, path.join(scriptsDir, 'lldp', 'lldp-listen.c')], { signal });
      return await readFile(out);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  }
  return undefined;
}
