/**
 * A program: the firmware of many boards, all in this one process and on this one interface, booting over and over until it
 * is told to stop. Tells `loading` when each has its address, and in the end what was loaded.
 * Argument: the JSON of a Storm.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { run } from '../../src/host/process.ts';
import { parseIpv4, type Ipv4Address } from '../../src/model/ipv4.ts';
import { firmwareStages, type FileAnswer, type FirmwareFiles } from '../../src/rack/firmware-files.ts';
import { loadFile } from '../../src/rack/firmware-load.ts';
import { BoardDhcp } from './board-dhcp.ts';
import { identityOf, type ManyNode } from './many-nodes.ts';

export interface Storm {
  readonly interface: string;
  readonly nodes: readonly ManyNode[];
}

export interface StormResult {
  readonly boots: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly slowestBootMs: number;
  /** What boards gave up, and why. */
  readonly stuck: readonly string[];
}

/** Of the interface, whole files or not. */
async function receivedBytes(): Promise<number> {
  const line = (await readFile('/proc/self/net/dev', 'utf8')).split('\n').find((each) => each.includes(`${device}:`));
  return Number(line?.split(':')[1]?.trim().split(/\s+/)[0]);
}

/** As firmware repeats a DISCOVER. */
const repeatMs = 8000;

const { interface: device, nodes } = JSON.parse(process.argv[2] ?? '') as Storm;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const total = { boots: 0, slowestBootMs: 0, stuck: new Set<string>() };

await promisify(execFile)('ip', ['route', 'replace', 'default', 'dev', device]);
await hearFor(nodes);
const dhcp = await BoardDhcp.open();
await Promise.all(nodes.map((node) => takeAddress(node)));
process.stdout.write('loading\n');
const startedMs = performance.now();
const bytesBefore = await receivedBytes();
await Promise.all(nodes.map((node) => bootOverAndOver(node)));
dhcp.close();
const seconds = (performance.now() - startedMs) / 1000;
const bytes = (await receivedBytes()) - bytesBefore;
const result: StormResult = { ...total, bytes, seconds, stuck: [...total.stuck] };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** The service keeps each board's own hardware address in mind: one interface hears only one, so each board gets another. */
async function hearFor(boards: readonly ManyNode[]): Promise<void> {
  const lines = boards.flatMap(({ mac }, index) => [
    `link add link ${device} name board${index} address ${mac} type macvlan mode private`,
    `link set board${index} up`,
  ]);
  await run(['ip', '-batch', '-'], { signal: AbortSignal.timeout(60_000), input: `${lines.join('\n')}\n` });
  for (const index of boards.keys()) {
    // Who asks for an address gets one answer, and not one of each.
    await writeFile(`/proc/sys/net/ipv4/conf/board${index}/arp_ignore`, '8');
  }
}

async function takeAddress(node: ManyNode): Promise<void> {
  const { address } = await dhcp.lease(identityOf(node), Number.parseInt(node.serial, 16), repeatMs);
  await promisify(execFile)('ip', ['address', 'replace', `${address}/16`, 'dev', device]);
}

async function bootOverAndOver(node: ManyNode): Promise<void> {
  while (!stop.signal.aborted) {
    const beganMs = performance.now();
    const end = await loadAll(node).catch(() => 'stopped');
    if (end === 'stopped') return;
    if (end !== 'start') total.stuck.add(end);
    total.boots += 1;
    total.slowestBootMs = Math.max(total.slowestBootMs, performance.now() - beganMs);
  }
}

/** @returns `start`, or why not */
async function loadAll(node: ManyNode): Promise<string> {
  const who = identityOf(node);
  const ownAddress = parseIpv4(node.address);
  // A Pi 4 has one stage.
  const [begin] = firmwareStages(who);
  return begin === undefined ? 'no stage' : loadStage(begin(), ownAddress);
}

async function loadStage(files: FirmwareFiles, ownAddress: Ipv4Address): Promise<string> {
  let answer: FileAnswer;
  for (;;) {
    const step = files.next(answer);
    if (step.done === true) return step.value.kind === 'stuck' ? step.value.reason : step.value.kind;
    const { blockSizeBytes } = step.value.client;
    const peer = { server: parseIpv4('10.42.0.1'), port: 69, sourcePort: 0, blockSizeBytes, ownAddress };
    const loaded = await loadFile(step.value, peer, stop.signal);
    if (loaded.kind === 'late') return loaded.reason;
    answer = loaded.kind === 'loaded' ? loaded.bytes : loaded.kind === 'exists' ? new Uint8Array() : undefined;
  }
}
