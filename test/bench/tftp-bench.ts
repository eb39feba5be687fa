/** TFTP beside the servers of others: the same files, the same boards, one server after the other in each round. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { NamespaceProgram } from '../support/namespaces.ts';
import { bootFiles, lossyFiles, storageAddress, type BenchNode, type BenchSite } from './bench-site.ts';
import { tftpServers, type OtherServers, type TftpServerName } from './servers.ts';

export interface TftpPoint {
  readonly boards: readonly BenchNode[];
  readonly files: readonly string[];
  readonly windowSize: number;
  readonly lossPerMille: number;
}

/** What the boards saw, and what it cost the server. */
export interface TftpResult {
  readonly boots: number;
  readonly failed: number;
  readonly clientTimeouts: number;
  readonly medianBootMs: number;
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGb: number;
  readonly peakRssBytes: number;
  readonly trouble: string;
}

interface LoadAnswer {
  readonly boots: number;
  readonly failed: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly clientTimeouts: number;
  readonly medianBootMs: number;
  readonly trouble: string;
}

/** Names that a board asks for in vain, as in a boot of a Pi 4. */
const absentNames = 12;
const blockSizeBytes = 1468;

export type TftpContender = 'pi-image' | TftpServerName;

export class TftpBench {
  readonly #site: BenchSite;
  readonly #servers: OtherServers;
  readonly #load: string;

  constructor(site: BenchSite, servers: OtherServers, load: string) {
    this.#site = site;
    this.#servers = servers;
    this.#load = load;
  }

  async measure(contender: TftpContender, point: TftpPoint): Promise<TftpResult> {
    const server = await this.#start(contender);
    // A service runs for months: what its first minute costs is not what is asked here.
    await this.#run(warmUp(point));
    const { result, cost } = await this.#site.cost(server, () => this.#run(point));
    const { bytes, seconds, ...told } = result;
    return {
      ...told,
      megabytesPerSecond: bytes / seconds / 1e6,
      cpuSecondsPerGb: cost.cpuSeconds / (bytes / 1e9),
      peakRssBytes: cost.peakRssBytes,
    };
  }

  async #start(contender: TftpContender): Promise<NamespaceProgram> {
    if (contender === 'pi-image') return this.#site.startPiImage();
    const place = { address: storageAddress, folder: this.#site.bootFolder, scratch: this.#site.fixture.dir };
    const server = this.#site.fixture.net.start('storage', tftpServers[contender](this.#servers, place));
    await this.#answers(server);
    return server;
  }

  /** They say nothing when they are ready. */
  async #answers(server: NamespaceProgram): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const listed = await this.#site.fixture.net.run('storage', ['ss', '-Hlun', 'sport', '=', ':69']);
      if (listed.trim() !== '') return;
      await sleep(100);
    }
    throw new Error(`it does not listen: ${server.lines.join('\n')}`);
  }

  async #run({ boards, files, windowSize, lossPerMille }: TftpPoint): Promise<LoadAnswer> {
    const { dir, net } = this.#site.fixture;
    const addresses = path.join(dir, 'boards');
    await writeFile(addresses, boards.map(({ address }) => `${address}\n`).join(''));
    const numbers = [blockSizeBytes, windowSize, lossPerMille, absentNames].map(String);
    const argv = [this.#load, storageAddress, '69', this.#site.bootFolder, ...numbers, ...files];
    const program = net.start('board', [
      'sh',
      '-c',
      'addresses=$1; shift; exec "$@" < "$addresses"',
      'sh',
      addresses,
      ...argv,
    ]);
    await program.ended;
    return JSON.parse(program.lines.at(-1) ?? '') as LoadAnswer;
  }
}

function warmUp({ boards, windowSize }: TftpPoint): TftpPoint {
  return { boards: boards.slice(0, 8), files: allFiles, windowSize, lossPerMille: 0 };
}

export const allFiles = Object.keys(bootFiles);
export const filesUnderLoss = Object.keys(lossyFiles);
/** For many boards at once: the time goes into what all boards share. */
export const smallFiles = allFiles.filter((name) => name !== 'kernel8.img');
