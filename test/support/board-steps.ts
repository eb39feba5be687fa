/** What a board says to its storage node on its way to ready: each thing until it has an answer, since a service may die under it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { loadFile } from '../../src/rack/firmware-load.ts';
import type { BoardFact } from './chaos-facts.ts';

const retryMs = 200;

/** It was refused what it had a right to. */
export class Refusal extends Error {}

/** An answer that would come again is waited for; a refusal is final. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      await sleep(retryMs);
    }
  }
}

interface LoadedFiles {
  /** Of the boot. */
  readonly token: string;
  readonly commandLine: string;
}

export class BoardSteps {
  readonly #server: string;
  readonly #tell: (fact: BoardFact) => void;

  constructor(server: string, tell: (fact: BoardFact) => void) {
    this.#server = server;
    this.#tell = tell;
  }

  async loadFiles(address: string): Promise<LoadedFiles> {
    const commandLine = Buffer.from(await patiently(() => this.#tftp('cmdline.txt'))).toString();
    const token = /pi_image\.token=(\S+)/.exec(commandLine)?.[1];
    if (token === undefined) throw new Refusal(`cmdline.txt for ${address} has no token`);
    this.#tell({ kind: 'token', token });
    await patiently(() => this.#tftp('kernel8.img'));
    return { token, commandLine };
  }

  /** From its kernel on until its system has started. @returns the key of the boot */
  async startSystem(token: string): Promise<string> {
    await this.report(token, 'kernel');
    await this.report(token, 'network');
    const { sha256, key } = await this.#loadOverlay(token);
    this.#tell({ kind: 'overlay', sha256, key });
    await this.report(token, 'root');
    await this.report(token, 'overlay', { digest: sha256, agent: 'yes' });
    await this.report(key, 'userspace');
    return key;
  }

  async report(bearer: string, phase: string, fields: Record<string, string> = {}): Promise<void> {
    let isRepeat = false;
    await patiently(async () => {
      try {
        await this.post('phase', bearer, { phase, uptime: '3.6', ...fields });
      } catch (error) {
        // The report was taken, its token ended, and its answer was lost: the initramfs goes on in that case.
        if (error instanceof Refusal && isRepeat && phase === 'overlay') return;
        isRepeat = true;
        throw error;
      }
    });
    this.#tell({ kind: 'phase', phase });
  }

  post(name: string, bearer: string, form: Record<string, string>): Promise<Buffer> {
    return this.#http(name, bearer, { method: 'POST', body: new URLSearchParams(form) });
  }

  #loadOverlay(token: string): Promise<{ sha256: string; key: string }> {
    return patiently(async () => {
      const [wanted] = (await this.#http('overlay.sha256', token, {})).toString().split(' ');
      const tar = await this.#http('overlay.tar', token, {});
      const sha256 = createHash('sha256').update(tar).digest('hex');
      // The service was killed between the two, and has packed anew: ask for both again.
      if (sha256 !== wanted) throw new Error('another overlay');
      return { sha256, key: await keyOf(tar) };
    });
  }

  async #tftp(path: string): Promise<Uint8Array> {
    const peer = { server: parseIpv4(this.#server), port: 69, sourcePort: 0, blockSizeBytes: 1468 };
    const result = await loadFile({ path, mode: 'load' }, peer, AbortSignal.timeout(3000));
    if (result.kind === 'missing') throw new Refusal(`${path} is missing: ${result.reason}`);
    if (result.kind !== 'loaded') throw new Error(`${path}: ${result.kind}`);
    return result.bytes;
  }

  async #http(name: string, bearer: string, options: RequestInit): Promise<Buffer> {
    const headers = { authorization: `Bearer ${bearer}` };
    const signal = AbortSignal.timeout(12_000);
    const answer = await fetch(`http://${this.#server}/boot/v1/${name}`, { ...options, headers, signal });
    const body = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw new Refusal(`${name}: ${answer.status} ${body.toString()}`);
    return body;
  }
}

async function keyOf(tar: Buffer): Promise<string> {
  const unpacking = promisify(execFile)('tar', ['-xOf', '-', 'etc/pi-image/boot.key']);
  unpacking.child.stdin?.end(tar);
  return (await unpacking).stdout.trim();
}
