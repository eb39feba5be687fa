/** HTTP for boards in this process, with one node whose address is this machine's, an image on the disk, and a signing key's place. */
import { createHash } from 'node:crypto';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { bootFileFinder } from '../../src/serve/boot-files.ts';
import { createHeartbeats } from '../../src/serve/heartbeats.ts';
import { httpBoot } from '../../src/serve/http-boot.ts';
import type { SendLimits } from '../../src/serve/http-sends.ts';
import { createLiveParts } from '../../src/serve/live-parts.ts';
import { createOverlayChecks } from '../../src/serve/overlay-checks.ts';
import { sampleBoots } from './sample-boots.ts';
import { sampleManifest, sampleNode, sampleView } from './sample-view.ts';
import { signedView } from './signed-view.ts';
import { startHttp } from './start-http.ts';

export const kernel = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));
/** More than all buffers between two sockets hold. */
const initramfsBytes = 300_000_000;
export const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const names = ['kernel8.img', 'initramfs8', 'start4.elf', 'fixup4.dat', 'bcm2711-rpi-4-b.dtb'];
export const manifest = sampleManifest({
  bootFiles: Object.fromEntries(names.map((name) => [name, { sha256: digest(kernel), sizeBytes: kernel.length }])),
});
const images = new Map([['debian-lite', [manifest]]]);
export const here: NodeSpec = { ...sampleNode('head'), address: parseIpv4('127.0.0.1') };
export const plain = sampleView({ nodes: [here], images });
export const signed = signedView(undefined, { nodes: [here, sampleNode('node01')], images });

export async function httpBootServer(sendLimits?: SendLimits) {
  const sample = await sampleBoots();
  sample.world.view = plain;
  const imagesDir = path.join(sample.stateDir, 'images');
  const bootDir = path.join(imagesDir, 'debian-lite', manifest.version, 'boot');
  await mkdir(bootDir, { recursive: true });
  await writeFile(path.join(bootDir, 'kernel8.img'), kernel);
  await writeFile(path.join(bootDir, 'initramfs8'), '');
  await truncate(path.join(bootDir, 'initramfs8'), initramfsBytes);
  const now = () => sample.world.nowMs;
  const handler = httpBoot({
    ...sample,
    find: bootFileFinder({ ...sample, imagesDir }),
    liveParts: createLiveParts({ ...sample, secretsFor: () => Promise.resolve({}) }),
    overlayOf: () => Promise.reject(new Error('not here')),
    overlayChecks: createOverlayChecks(),
    heartbeats: createHeartbeats(now),
    now,
    ...(sendLimits && { sendLimits }),
  });
  const { port, stop } = await startHttp(handler);
  const get = (route: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}/${route}`, { method, headers });
  const text = async (route: string) => (await get(route)).text();
  const close = async () => {
    await stop();
    await sample.remove();
  };
  return { ...sample, port, get, text, raw: (request: string) => raw(port, request), hold: () => hold(port), close };
}

export type HttpBootServer = Awaited<ReturnType<typeof httpBootServer>>;

/** Sent as it is: fetch() adds headers of its own and tidies paths. @returns head and body */
async function raw(port: number, request: string): Promise<{ readonly head: string; readonly body: Buffer }> {
  const socket = connect(port, '127.0.0.1', () => socket.write(request));
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  const answer = Buffer.concat(chunks);
  const end = answer.indexOf('\r\n\r\n');
  return { head: answer.toString('latin1', 0, end), body: answer.subarray(end + 4) };
}

/** A client that asked for the initramfs and reads nothing of it. */
async function hold(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /boot/v1/files/initramfs8 HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((resolve) => socket.once('readable', resolve));
  return socket;
}
