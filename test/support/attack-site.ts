/** A storage node on this machine's loopback, over HTTP and TFTP, and two nodes that boot from it: for tests that try to get what is another's. */
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';

import type { Boot } from '../../src/model/boot.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { NodeSpec } from '../../src/model/node.ts';
import { bootFileFinder } from '../../src/serve/boot-files.ts';
import { createBoots, type Boots } from '../../src/serve/boots.ts';
import { createChallenges } from '../../src/serve/challenges.ts';
import { createHeartbeats } from '../../src/serve/heartbeats.ts';
import { httpBoot } from '../../src/serve/http-boot.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { nodeOverlays } from '../../src/serve/node-overlay.ts';
import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';
import type { TftpContent } from '../../src/serve/tftp.ts';
import { sampleBoots } from './sample-boots.ts';
import { sampleManifest, sampleView } from './sample-view.ts';
import { shippedView } from './shipped-overlays.ts';
import { startHttp } from './start-http.ts';

export const kernel = Buffer.alloc(2000, 'k');
export const outside = 'no node may read this';

const manifest = sampleManifest({
  bootFiles: { 'kernel8.img': { sha256: '0'.repeat(64), sizeBytes: kernel.length } },
});

const board = { board: 'pi5', role: 'compute' } as const;
export const node01 = NodeSpec.parse({
  name: 'node01',
  serial: '9ffefdef',
  mac: '2c:cf:67:01:02:03',
  address: '127.0.0.1',
  ...board,
});
export const node02 = NodeSpec.parse({
  name: 'node02',
  serial: '9ffefdf0',
  mac: '2c:cf:67:01:02:04',
  address: '127.0.0.2',
  ...board,
});

const secretNames = [
  'mungeKey',
  'sshHostKey',
  'sshHostCertificate',
  'sshUserKey',
  'sshUserCertificate',
  'sshCaPublicKey',
];
export const secretOf = (node: NodeSpec, name: string) => `the ${name} of ${node.name}`;

function secretsFor(node: NodeSpec) {
  return Promise.resolve(Object.fromEntries(secretNames.map((name) => [name, Buffer.from(secretOf(node, name))])));
}

export interface Asked {
  readonly from: NodeSpec;
  readonly method?: string;
  readonly bearer?: string | undefined;
  /** Sent as a form. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface Told {
  readonly status: number;
  readonly body: string;
}

export async function attackSite() {
  const known = await sampleBoots();
  const now = () => known.world.nowMs;
  const heartbeats = createHeartbeats(now);
  const challenges = createChallenges({ heartbeats, append: known.database.events.append, now, log: known.log });
  const sample = { ...known, heartbeats, challenges, boots: createBoots({ ...known, challenges, now }) };
  const images = new Map([['debian-lite', [manifest]]]);
  sample.world.view = sampleView({ ...(await shippedView()), nodes: [node01, node02], images });
  const imagesDir = path.join(sample.stateDir, 'images');
  await writeImage(imagesDir);
  const find = bootFileFinder({ ...sample, imagesDir });
  const handler = httpBoot({
    ...sample,
    find,
    overlayOf: nodeOverlays({ ...sample, secretsFor }),
    liveParts: createLiveParts({ ...sample, secretsFor }),
    overlayChecks: createOverlayChecks(),
    now,
  });
  const { port, stop } = await startHttp(handler);
  const ask = (route: string, asked: Asked) => askOver(port, `/boot/v1/${route}`, asked);
  return {
    ...sample,
    port,
    ask,
    /** As the TFTP server asks. */
    find: async (name: string, { address }: { readonly address: string }): Promise<TftpContent> => {
      const found = await find(name, parseIpv4(address));
      return found.kind === 'file' ? { ...found, path: path.join(found.root, found.path) } : found;
    },
    /** Its firmware has sent a DISCOVER. @returns the token */
    begin: async (node: NodeSpec): Promise<string> => {
      await sample.boots.arrive(node, node.mac ?? '', 'discover');
      return newestOf(sample, node)?.token ?? 'none';
    },
    /** From its DISCOVER to its first heartbeat. */
    bootToReady: (node: NodeSpec): Promise<Booted> => bootToReady(sample, ask, node),
    newestOf: (node: NodeSpec): Boot | undefined => newestOf(sample, node),
    close: async () => {
      await stop();
      await sample.remove();
    },
  };
}

export type AttackSite = Awaited<ReturnType<typeof attackSite>>;

interface Sample {
  readonly boots: Boots;
}

interface Booted {
  readonly token: string;
  readonly key: string;
}

async function writeImage(imagesDir: string): Promise<void> {
  const bootDir = path.join(imagesDir, 'debian-lite', manifest.version, 'boot');
  await mkdir(bootDir, { recursive: true });
  await writeFile(path.join(bootDir, 'kernel8.img'), kernel);
  await writeFile(path.join(bootDir, '..', 'manifest.json'), outside);
}

function newestOf({ boots }: Sample, { name }: NodeSpec): Boot | undefined {
  return boots.all().findLast((boot) => boot.node === name);
}

async function bootToReady(
  sample: Sample,
  ask: (route: string, asked: Asked) => Promise<Told>,
  node: NodeSpec,
): Promise<Booted> {
  await sample.boots.arrive(node, node.mac ?? '', 'discover');
  const { token = '' } = newestOf(sample, node) ?? {};
  await ask('overlay.tar', { from: node, bearer: token });
  const { overlaySha256: digest = '', key = '' } = newestOf(sample, node) ?? {};
  const report = (bearer: string, fields: Record<string, string>) =>
    ask('phase', { from: node, method: 'POST', bearer, fields });
  await report(token, { phase: 'overlay', uptime: '5', agent: 'yes', digest });
  await report(key, { phase: 'userspace', uptime: '6' });
  await report(key, { phase: 'ready', uptime: '9' });
  const fields = { phase: 'ready', uptime: '10', load: '0.1' };
  await ask('heartbeat', { from: node, method: 'POST', bearer: key, fields });
  return { token, key };
}

/** From the address of that node. */
function askOver(port: number, route: string, { from, method = 'GET', bearer, fields }: Asked): Promise<Told> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'close',
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(fields !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    };
    const outgoing = request({ host: '127.0.0.1', port, path: route, method, headers, localAddress: from.address });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('latin1') }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(fields && new URLSearchParams(fields).toString());
  });
}
