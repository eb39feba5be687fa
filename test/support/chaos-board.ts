/**
 * A program: one board that boots to `ready` and never gives up, however often its storage node dies under it, and a second
 * one that nobody knows. Every line of stdout is one thing that the storage node has said to them.
 * Argument: the JSON of a ChaosBoard.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { parseIpv4, type Ipv4Address } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { Serial } from '../../src/model/serial.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { loadFile } from '../../src/rack/firmware-load.ts';
import { BoardDhcp } from './board-dhcp.ts';
import type { BoardFact, ChaosBoard } from './chaos-facts.ts';

const { server, interface: device, node, stranger } = JSON.parse(process.argv[2] ?? '') as ChaosBoard;
const retryMs = 200;
const identity = ({ mac, serial }: ChaosBoard['node']): BoardIdentity => {
  return { board: 'pi4', mac: parseMac(mac), serial: serial as Serial, revision: 0xd03115, eeprom: '2026-08-04' };
};
const tell = (fact: BoardFact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

/** An answer that would come again is waited for; a refusal is final. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      await sleep(retryMs);
    }
  }
}

class Refusal extends Error {}

async function boot(): Promise<void> {
  const address = await takeAddresses();
  const token = await loadFiles(address);
  await report(token, 'kernel');
  await report(token, 'network');
  const { sha256, key } = await loadOverlay(token);
  tell({ kind: 'overlay', sha256, key });
  await report(token, 'root');
  await report(token, 'overlay', { digest: sha256, agent: 'yes' });
  await report(key, 'userspace');
  await report(key, 'ready');
  await patiently(() => post('heartbeat', key, { phase: 'ready', uptime: '20', load: '0.1' }));
  tell({ kind: 'done' });
}

async function takeAddresses(): Promise<Ipv4Address> {
  await ip('route', 'replace', 'default', 'dev', device);
  const dhcp = await BoardDhcp.open();
  const unknown = await dhcp.acknowledged(identity(stranger), 1, 500);
  tell({ kind: 'offer', mac: stranger.mac, address: unknown.address });
  const { address } = await dhcp.lease(identity(node), 2, 500);
  tell({ kind: 'offer', mac: node.mac, address });
  dhcp.close();
  await ip('address', 'replace', `${address}/24`, 'dev', device);
  return address;
}

/** @returns the token of the boot */
async function loadFiles(address: string): Promise<string> {
  const line = await patiently(() => tftp('cmdline.txt'));
  const token = /pi_image\.token=(\S+)/.exec(Buffer.from(line).toString())?.[1];
  if (token === undefined) throw new Refusal(`cmdline.txt for ${address} has no token`);
  tell({ kind: 'token', token });
  await patiently(() => tftp('kernel8.img'));
  return token;
}

async function tftp(path: string): Promise<Uint8Array> {
  const peer = { server: parseIpv4(server), port: 69, sourcePort: 0, blockSizeBytes: 1468 };
  const result = await loadFile({ path, mode: 'load' }, peer, AbortSignal.timeout(3000));
  if (result.kind === 'missing') throw new Refusal(`${path} is missing: ${result.reason}`);
  if (result.kind !== 'loaded') throw new Error(`${path}: ${result.kind}`);
  return result.bytes;
}

async function loadOverlay(token: string): Promise<{ sha256: string; key: string }> {
  return patiently(async () => {
    const [wanted] = (await get('overlay.sha256', token)).toString().split(' ');
    const tar = await get('overlay.tar', token);
    const sha256 = createHash('sha256').update(tar).digest('hex');
    // The service was killed between the two, and has packed anew: ask for both again.
    if (sha256 !== wanted) throw new Error('another overlay');
    return { sha256, key: await keyOf(tar) };
  });
}

async function keyOf(tar: Buffer): Promise<string> {
  const unpacking = promisify(execFile)('tar', ['-xOf', '-', 'etc/pi-image/boot.key']);
  unpacking.child.stdin?.end(tar);
  return (await unpacking).stdout.trim();
}

async function report(bearer: string, phase: string, fields: Record<string, string> = {}): Promise<void> {
  let isRepeat = false;
  await patiently(async () => {
    try {
      await post('phase', bearer, { phase, uptime: '3.6', ...fields });
    } catch (error) {
      // The report was taken, its token ended, and its answer was lost: the initramfs goes on in that case.
      if (error instanceof Refusal && isRepeat && phase === 'overlay') return;
      isRepeat = true;
      throw error;
    }
  });
  tell({ kind: 'phase', phase });
}

const get = (name: string, bearer: string) => http(name, bearer, {});
const post = (name: string, bearer: string, form: Record<string, string>) =>
  http(name, bearer, { method: 'POST', body: new URLSearchParams(form) });

async function http(name: string, bearer: string, options: RequestInit): Promise<Buffer> {
  const headers = { authorization: `Bearer ${bearer}` };
  const signal = AbortSignal.timeout(12_000);
  const answer = await fetch(`http://${server}/boot/v1/${name}`, { ...options, headers, signal });
  const body = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Refusal(`${name}: ${answer.status} ${body.toString()}`);
  return body;
}

async function ip(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('ip', args);
}

try {
  await boot();
} catch (error) {
  tell({ kind: 'stuck', reason: error instanceof Error ? error.message : String(error) });
}
