/** Many nodes on this machine, each at a loopback address of its own: some run the agent, in a folder that is their root. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { run } from '../../src/host/process.ts';
import type { Boot } from '../../src/model/boot.ts';
import { NodeList, type NodeSpec } from '../../src/model/node.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { createHeartbeats } from '../../src/serve/heartbeats.ts';
import { httpBoot } from '../../src/serve/http-boot.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { nodeOverlays } from '../../src/serve/node-overlay.ts';
import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';
import { agentDir, busybox, shells } from './agent-node.ts';
import { startLightNode, type LightNode } from './light-node.ts';
import { sampleBoots } from './sample-boots.ts';
import { sampleView } from './sample-view.ts';
import { agentSecrets } from './agent-secrets.ts';
import { startHttp } from './start-http.ts';

/** `node001` at 127.1.0.1 and on. */
export function fleetNodes(count: number): readonly NodeSpec[] {
  return NodeList.parse(
    Array.from({ length: count }, (_, index) => ({
      name: `node${String(index + 1).padStart(3, '0')}`,
      serial: (0x1000_0000 + index).toString(16),
      board: 'pi4',
      address: `127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`,
      role: 'compute',
    })),
  );
}

export type AgentFleet = Awaited<ReturnType<typeof agentFleet>>;

/**
 * All of them run and are ready. A real node has processors of its own; here a few hundred shells would wait for each other.
 * @param options agents: how many of the nodes run one, the others only speak as one does
 */
export async function agentFleet(
  nodes: readonly NodeSpec[],
  overlays: ClusterView['overlays'],
  options: { readonly agents: number },
) {
  const sample = await sampleBoots();
  const viewOf = (changes: Partial<ClusterView> = {}) => sampleView({ overlays, nodes, ...changes });
  sample.world.view = viewOf();
  const dir = await mkdtemp(path.join(tmpdir(), 'agents-'));
  const { overlayOf, heartbeats, server } = await serveFleet(sample);
  await writePrograms(dir);
  const agents: ChildProcess[] = [];
  const light = new Map<string, LightNode>();
  const rootOf = (node: string) => path.join(dir, node, 'root');
  for (const [index, node] of nodes.entries()) {
    await sample.boots.arrive(node, 'm', 'discover');
    const newest = () => sample.boots.all().find((boot) => boot.node === node.name) as Boot;
    const { chunks } = await overlayOf(newest());
    const hasAgent = index < options.agents;
    if (hasAgent) await layOut(path.join(dir, node.name), Buffer.concat(chunks), { node, port: server.port });
    await sample.boots.report(newest(), { phase: 'overlay', uptimeSeconds: 4, detail: undefined, leavesAgent: true });
    if (hasAgent) agents.push(startAgent(dir, node.name));
    else light.set(node.name, startLightNode(`http://${node.address}:${server.port}`, newest().key ?? ''));
  }
  const stop = async () => {
    await Promise.all([...agents.map(kill), ...[...light.values()].map((node) => node.stop())]);
    await server.stop();
    await sample.remove();
    await rm(dir, { recursive: true, force: true });
  };
  return { ...sample, viewOf, heartbeats, rootOf, light, stop };
}

async function serveFleet(sample: Awaited<ReturnType<typeof sampleBoots>>) {
  const now = () => Date.now();
  const secretsFor = () => Promise.resolve(agentSecrets);
  const heartbeats = createHeartbeats(now);
  const overlayOf = nodeOverlays({ ...sample, secretsFor });
  const liveParts = createLiveParts({ ...sample, secretsFor });
  const eeproms = { report: () => Promise.resolve(undefined) };
  const find = () => Promise.resolve({ kind: 'missing', reason: 'not here' } as const);
  const overlayChecks = createOverlayChecks();
  const inner = httpBoot({ ...sample, heartbeats, liveParts, overlayChecks, overlayOf, eeproms, find, now });
  // Who asks at 127.1.0.7 is the node that lives there.
  const handler: RequestListener = (request, response) => {
    const { localAddress } = request.socket;
    Object.defineProperty(request.socket, 'remoteAddress', { value: localAddress, configurable: true });
    void inner(request, response);
  };
  return { overlayOf, heartbeats, server: await startHttp(handler, { address: '0.0.0.0', port: 0 }) };
}

/** Programs of the image: all is well. */
async function writePrograms(dir: string): Promise<void> {
  await mkdir(path.join(dir, 'bin'));
  const programs = {
    systemctl: 'case $1 in is-system-running) echo running ;; *) echo active ;; esac',
    sinfo: 'echo idle none',
  };
  for (const [name, script] of Object.entries(programs)) {
    const file = path.join(dir, 'bin', name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
}

async function layOut(dir: string, tar: Buffer, { node, port }: { node: NodeSpec; port: number }): Promise<void> {
  for (const name of ['root', 'facts']) await mkdir(path.join(dir, name), { recursive: true });
  const signal = AbortSignal.timeout(30_000);
  await run([busybox, 'tar', '-x', '-C', path.join(dir, 'root')], { input: tar, signal });
  await writeFile(path.join(dir, 'facts/server'), `${node.address}\n`);
  await writeFile(path.join(dir, 'facts/http-port'), `${port}\n`);
}

function startAgent(dir: string, node: string): ChildProcess {
  const env = {
    PATH: `${path.join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
    PI_IMAGE_PARTS: agentDir,
    PI_IMAGE_FACTS: path.join(dir, node, 'facts'),
    PI_IMAGE_ROOT: path.join(dir, node, 'root'),
    PI_IMAGE_BUSYBOX: busybox,
    PI_IMAGE_DEVICE_TREE: path.join(dir, 'none'),
  };
  // A group of its own: nc waits for an answer below the shell.
  const [shell] = shells[1][1];
  return spawn(shell, [path.join(agentDir, 'agent')], { env, stdio: 'ignore', detached: true });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}
