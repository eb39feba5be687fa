/**
 * What a boot costs in each root mode: calls and bytes from the start of the kernel to ready, as the storage node's wire
 * has them, time, and memory on the node. As a program it prints the table of docs/images.md.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { PublicBoot } from '../../src/model/node-status.ts';
import { rootModes, type RootMode } from '../../src/model/root-mode.ts';
import { imageState, startPiImage } from '../support/pi-image.ts';
import { raiseRootModeRack, type RootModeRack } from '../support/root-mode-rack.ts';

export interface BootCost {
  readonly mode: RootMode;
  /** Kernel start to ready. */
  readonly seconds: number;
  /** What the virtual board took of a processor until then: the time where nothing else goes on. */
  readonly cpuSeconds: number;
  /** Requests to the NFS server. */
  readonly nfsCalls: number;
  /** Frames of NFS and HTTP, both ways. */
  readonly wireBytes: number;
  /** What programs can no longer have, 20 s after ready: files in memory count. */
  readonly usedMib: number;
}

/** One board after the other, on a rack of its own. @param state holds the image */
export async function measureRootModes(
  options: { readonly modes?: readonly RootMode[]; readonly state?: string; readonly image?: string } = {},
): Promise<BootCost[]> {
  const { modes = rootModes, state = imageState, image = 'debian-lite' } = options;
  const roles = Object.fromEntries(modes.map((root) => [root, { image, root }]));
  const rack = await raiseRootModeRack(state, roles);
  try {
    // What is made once per version, or per node, is no part of a boot.
    const isSquashed = modes.includes('squash') || modes.includes('ram');
    await rack.rootsMade((isSquashed ? 1 : 0) + (modes.includes('persistent') ? 1 : 0));
    const costs: BootCost[] = [];
    for (const mode of modes) costs.push(await measureBoot(rack, mode));
    return costs;
  } finally {
    await rack.down();
  }
}

/** @param mode also the name of the node */
async function measureBoot(rack: RootModeRack, mode: RootMode): Promise<BootCost> {
  const capture = await startCapture(rack, mode);
  await rack.boot(mode);
  const boot = await rack.ready(mode);
  const cpuSeconds = await rack.cpuSeconds(mode);
  await capture.stop();
  const { seconds, kernelMs, readyMs } = await timesOf(rack, boot);
  const frames = await readFrames(capture.file, { fromMs: kernelMs, untilMs: readyMs });
  await sleep(20_000);
  const used = await rack.on(
    mode,
    `awk '/MemTotal/ { all = $2 } /MemAvailable/ { free = $2 } END { print all - free }' /proc/meminfo`,
  );
  await rack.powerOff(mode);
  return { mode, seconds, cpuSeconds, ...frames, usedMib: Math.round(Number(used) / 1024) };
}

/** What the node says of itself when it is ready: how long its kernel has run. */
async function timesOf(
  rack: RootModeRack,
  boot: PublicBoot,
): Promise<{ seconds: number; kernelMs: number; readyMs: number }> {
  const readyMs = boot.phases.find(({ phase }) => phase === 'ready')?.atMs ?? Number.NaN;
  const log = await readFile(path.join(rack.dir, 'logs/service.log'), 'utf8');
  const line = log.split('\n').find((each) => each.includes(`phase=ready node=${boot.node} boot=${boot.id}`)) ?? '';
  const seconds = Number(/uptime=([\d.]+)/.exec(line)?.[1]);
  return { seconds, kernelMs: readyMs - seconds * 1000, readyMs };
}

interface Capture {
  readonly file: string;
  readonly stop: () => Promise<void>;
}

/** Heads of frames are enough: a call's procedure stands in its first bytes. */
const snapBytes = '300';

async function startCapture(rack: RootModeRack, node: string): Promise<Capture> {
  const file = path.join(rack.dir, `${node}.pcapng`);
  const pidFile = path.join(rack.dir, `${node}.pid`);
  const script = 'echo $$ > "$1"; exec tshark -q -i eth0 -s "$2" -f "tcp port 2049 or tcp port 80" -w "$3"';
  const argv = ['sh', '-c', script, 'capture', pidFile, snapBytes, file];
  const child = startPiImage(['rack', 'exec', '--dir', rack.dir, '--', ...argv]);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const deadline = Date.now() + 30_000;
  while (!said.includes('Capturing on')) {
    if (Date.now() > deadline) throw new Error(`tshark does not capture: ${said}`);
    await sleep(100);
  }
  const stop = async () => {
    await rack.exec('kill', '-INT', (await readFile(pidFile, 'utf8')).trim());
    await ended;
  };
  return { file, stop };
}

async function readFrames(
  file: string,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<Pick<BootCost, 'nfsCalls' | 'wireBytes'>> {
  const fields = ['frame.time_epoch', 'frame.len', 'rpc.msgtyp'].flatMap((name) => ['-e', name]);
  const args = [
    '-r',
    file,
    '-T',
    'fields',
    '-E',
    'separator=/s',
    '-E',
    'occurrence=a',
    '-E',
    'aggregator=,',
    ...fields,
  ];
  const { stdout } = await promisify(execFile)('tshark', args, { maxBuffer: 1 << 29 });
  const sum = { nfsCalls: 0, wireBytes: 0 };
  for (const line of stdout.trim().split('\n')) {
    const [time = '', length = '', kinds = ''] = line.split(' ');
    const atMs = Number(time) * 1000;
    if (atMs < fromMs || atMs > untilMs) continue;
    sum.wireBytes += Number(length);
    sum.nfsCalls += kinds.split(',').filter((kind) => kind === '0').length;
  }
  return sum;
}

export function renderCosts(costs: readonly BootCost[]): string {
  const rows = costs.map(
    ({ mode, seconds, cpuSeconds, nfsCalls, wireBytes, usedMib }) =>
      `| \`${mode}\` | ${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${nfsCalls} | ${(wireBytes / 1e6).toFixed(1)} | ${usedMib} |\n`,
  );
  const titles = ['mode', 'kernel to ready, s', 'CPU, s', 'NFS calls', 'MB on the wire', 'memory used, MiB'];
  return `| ${titles.join(' | ')} |\n|${' --- |'.repeat(titles.length)}\n${rows.join('')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [state = imageState] = process.argv.slice(2);
  process.stdout.write(renderCosts(await measureRootModes({ state })));
}
