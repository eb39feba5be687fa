/** A node's agent on this machine: its files in a folder, programs of the image replaced, a real storage node on 127.0.0.1. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import type { Boot } from '../../src/model/boot.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { createBoots } from '../../src/serve/boots.ts';
import { createChallenges } from '../../src/serve/challenges.ts';
import { createHeartbeats } from '../../src/serve/heartbeats.ts';
import { httpBoot } from '../../src/serve/http-boot.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';
import { nodeOverlays } from '../../src/serve/node-overlay.ts';
import { sampleBoots } from './sample-boots.ts';
import { sampleNode, sampleView } from './sample-view.ts';
import { shippedView } from './shipped-overlays.ts';
import { agentSecrets } from './agent-secrets.ts';
import { startHttp } from './start-http.ts';

export const agentDir = path.resolve(import.meta.dirname, '../../overlays/base/files/usr/local/lib/pi-image');

/** Shells that run the agent: what a node has, and the strictest. */
export const shells = [
  ['busybox sh', ['busybox', 'sh']],
  ['dash', ['dash']],
] as const;

/** The peer of a test is this machine. */
const here: NodeSpec = { ...sampleNode('node01'), address: parseIpv4('127.0.0.1') };

type Wrap = (handler: RequestListener) => RequestListener;

/** A storage node with the overlays that ship; `wrap` may spoil its answers. */
export async function agentStorageNode(wrap: Wrap = (handler) => handler) {
  const known = await sampleBoots();
  const now = () => known.world.nowMs;
  const heartbeats = createHeartbeats(now);
  const challenges = createChallenges({ heartbeats, append: known.database.events.append, now, log: known.log });
  const sample = { ...known, challenges, boots: createBoots({ ...known, challenges, now }) };
  const shipped = await shippedView();
  const viewWith = (...others: readonly NodeSpec[]): ClusterView =>
    sampleView({ ...shipped, nodes: [here, ...others] });
  sample.world.view = viewWith();
  const secrets: Record<string, Uint8Array> = { ...agentSecrets };
  const secretsFor = () => Promise.resolve({ ...secrets });
  const overlayOf = nodeOverlays({ ...sample, secretsFor });
  const liveParts = createLiveParts({ ...sample, secretsFor });
  const overlayChecks = createOverlayChecks();
  const eepromReports: object[] = [];
  const eeproms = { report: (_boot: Boot, report: object) => Promise.resolve(void eepromReports.push(report)) };
  const find = () => Promise.resolve({ kind: 'missing', reason: 'not here' } as const);
  const handler = wrap(httpBoot({ ...sample, heartbeats, liveParts, overlayChecks, overlayOf, eeproms, find, now }));
  const serve = (port: number) => startHttp(handler, { address: '127.0.0.1', port });
  const server = await serve(0);
  return {
    ...sample,
    viewWith,
    /** What they are from the next cluster object on. */
    secrets,
    eepromReports,
    heartbeats,
    overlayChecks,
    overlayOf,
    server,
    serveAgain: () => serve(server.port),
  };
}

export type AgentStorageNode = Awaited<ReturnType<typeof agentStorageNode>>;

/** Programs of the image, as scripts that print what a file of the same name in `answers` holds. */
const programs: Readonly<Record<string, string>> = {
  systemctl: `case $1 in show) f=$3 ;; *) f=$1 ;; esac
while [ "$2" = --wait ] && grep -q starting "$answers/$f"; do sleep 0.1; done`,
  journalctl: 'f=journal',
  sinfo: 'f=sinfo',
};

export const busybox = findProgram('busybox');

/** Whose units are all active, and whom Slurm knows. */
export async function bootHealthy(storage: AgentStorageNode, shell: readonly string[]) {
  const node = await bootInto(storage, shell);
  await node.answer('is-active', 'active\n');
  await node.answer('is-system-running', 'running\n');
  await node.answer('sinfo', 'idle none\n');
  return node;
}

/** Boots into a folder as the initramfs does, up to the hand-over. */
export async function bootInto(storage: AgentStorageNode, shell: readonly string[]) {
  const dir = await mkdtemp(path.join(tmpdir(), 'agent-'));
  const folder = (name: string) => path.join(dir, name);
  for (const name of ['root', 'facts', 'answers', 'bin']) await mkdir(folder(name));
  const boot = await beginOn(storage);
  const { chunks } = await storage.overlayOf(boot);
  const tar = Buffer.concat(chunks);
  await run(['busybox', 'tar', '-x', '-C', folder('root')], { input: tar, signal: AbortSignal.timeout(10_000) });
  await asUnpacked(folder('root/etc/pi-image/files'));
  await storage.boots.report(newest(storage), {
    phase: 'overlay',
    uptimeSeconds: 4,
    detail: undefined,
    leavesAgent: true,
  });
  await writeFile(folder('facts/server'), '127.0.0.1\n');
  await writeFile(folder('facts/http-port'), `${storage.server.port}\n`);
  for (const [name, choose] of Object.entries(programs)) {
    const script = `#!/bin/sh\nanswers='${folder('answers')}'\n${choose}\n[ -f "$answers/$f" ] && cat "$answers/$f"\n`;
    await writeProgram(folder(`bin/${name}`), script);
  }
  const agents: Agent[] = [];
  return {
    dir,
    root: folder('root'),
    facts: folder('facts'),
    key: newest(storage).key ?? '',
    read: (file: string) => readFile(folder(`root/${file}`), 'utf8'),
    /** What a program prints from now on; undefined: it fails. */
    answer: (name: string, text: string | undefined) => replaceFile(folder(`answers/${name}`), text),
    addHook: (name: string, script: string) => writeProgram(folder(`root/etc/pi-image/live.d/${name}`), script),
    start: () => {
      const agent = startAgent(dir, shell);
      agents.push(agent);
      return agent;
    },
    remove: async () => {
      for (const agent of agents) await agent.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Whoever is not root owns all that he unpacks. */
async function asUnpacked(list: string): Promise<void> {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  if (uid === 0) return;
  const text = await readFile(list, 'utf8');
  await writeFile(list, text.replaceAll(/^([0-9a-f]{4}) \d+:\d+ /gm, `$1 ${uid}:${gid} `));
}

const newest = (storage: AgentStorageNode): Boot => storage.boots.all().at(-1) as Boot;

/** A DISCOVER of node01's firmware. */
export async function beginOn(storage: AgentStorageNode): Promise<Boot> {
  await storage.boots.arrive(here, 'm', 'discover');
  return newest(storage);
}

/** At once: an agent that runs never reads half of it. Undefined removes it. */
async function replaceFile(file: string, text: string | undefined): Promise<void> {
  if (text === undefined) return rm(file, { force: true });
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

async function writeProgram(file: string, script: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, script);
  await chmod(file, 0o755);
}

type Agent = ReturnType<typeof startAgent>;

function startAgent(dir: string, [program = 'sh', ...args]: readonly string[]) {
  const child = spawn(program, [...args, path.join(agentDir, 'agent')], {
    env: {
      PATH: `${path.join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
      PI_IMAGE_PARTS: agentDir,
      PI_IMAGE_FACTS: path.join(dir, 'facts'),
      PI_IMAGE_ROOT: path.join(dir, 'root'),
      PI_IMAGE_BUSYBOX: busybox,
      PI_IMAGE_DEVICE_TREE: path.join(dir, 'sys/firmware/devicetree/base'),
      PI_IMAGE_INTERVAL: '1',
      PI_IMAGE_DRIFT_INTERVAL: '2',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: nc waits for an answer below the shell.
    detached: true,
  });
  const ended = once(child, 'exit');
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const kill = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
    }
    await ended;
  };
  return { output: () => output.join(''), pid: child.pid ?? 0, ended, kill };
}

function findProgram(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? name;
}
