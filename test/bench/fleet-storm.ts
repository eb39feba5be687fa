/**
 * 256 boards that boot at the same time from the whole service: files over TFTP, each block compared, and while others still
 * load, each one's kernel reports how far it is. A service that has just started each time, and nodes that never booted.
 */
import { writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readBoots } from '../../src/host/state-file.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { ManyNode } from '../support/many-nodes.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { compileLoad } from './bench-site.ts';
import type { SeenEvents } from './fleet-readers.ts';
import type { FleetSite } from './fleet-site.ts';

export const stormBoards = 256;
export const pages = 200;

const server = '10.42.0.1';
const files = ['start4.elf', 'fixup4.dat', 'bcm2711-rpi-4-b.dtb', 'initramfs8', 'overlays/README'];
const options = ['1468', '1', '0', '12'];
/** What the kernel of each board tells while the storm goes on; the token of its boot lives until the next one. */
const reported = ['kernel', 'network', 'root'] as const;
/** Of each boot: that it began, that it loads, and what was reported. */
export const eventsOfStorm = stormBoards * (2 + reported.length);

export interface StormRun {
  readonly megabytesPerSecond: number;
  readonly failed: number;
  readonly trouble: string;
}

/** What the pages were told of it. */
export interface ToldPages {
  /** Events of boots that there were. */
  readonly events: number;
  /** Pages that have each of them once. */
  readonly wholePages: number;
  readonly latestMs: number;
}

export class FleetStorm {
  readonly #site: FleetSite;
  readonly #boards: readonly ManyNode[];
  readonly #warmUp: readonly ManyNode[];
  #load = '';

  constructor(site: FleetSite) {
    this.#site = site;
    this.#boards = site.nodes.slice(1, 1 + stormBoards);
    this.#warmUp = site.nodes.slice(1 + stormBoards, 9 + stormBoards);
  }

  /** Every board gets its address on the one interface. */
  async open(): Promise<void> {
    const { dir, net } = this.#site.fixture;
    this.#load = await compileLoad('tftp-load', dir);
    const batch = path.join(dir, 'addresses');
    const addresses = [...this.#boards, ...this.#warmUp].map(({ address }) => `address add ${address}/16 dev end0\n`);
    await writeFile(batch, addresses.join(''));
    await net.run('board', ['ip', '-batch', batch]);
  }

  /** A service that knows no boot of these boards, and has served others; `use` ends before it does. */
  async withService<T>(use: () => Promise<T>): Promise<T> {
    await this.#site.haveBooted([...this.#boards, ...this.#warmUp]);
    const service = await this.#site.serveAll();
    try {
      await this.#startLoad(this.#warmUp).ended;
      return await use();
    } finally {
      await service.stop();
    }
  }

  async run(): Promise<StormRun> {
    const load = this.#startLoad(this.#boards);
    await Promise.all([load.ended, this.#report()]);
    const { bytes, seconds, failed, trouble } = JSON.parse(load.lines.at(-1) ?? '') as {
      readonly bytes: number;
      readonly seconds: number;
      readonly failed: number;
      readonly trouble: string;
    };
    return { megabytesPerSecond: bytes / seconds / 1e6, failed, trouble };
  }

  /** Browsers are other machines. @returns what they have seen in the end */
  async openPages(): Promise<() => Promise<ToldPages>> {
    const { net } = this.#site.fixture;
    const token = await this.#site.newToken(`pages-${Date.now()}`);
    const program = path.join(import.meta.dirname, 'fleet-readers.ts');
    // SCHED_IDLE of sched(7): a browser takes nothing from a storage node, and these may take only what is left.
    const idle = ['chrt', '--idle', '0'];
    const argv = [...idle, process.execPath, '--import', 'tsx', program, '8443', token, String(pages)];
    const readers = net.start('storage', argv);
    await readers.line(/^open$/);
    const newestBefore = (await this.#eventsAfter(0)).at(-1)?.id ?? 0;
    return async () => {
      const told = (await this.#eventsAfter(newestBefore)).filter(({ kind }) => kind.startsWith('boot.'));
      const newest = told.at(-1)?.id ?? 0;
      // The last batch is a quarter of a second under way, and the pages come last.
      await sleep(2000);
      await readers.stop();
      const seen = JSON.parse(readers.lines.at(-1) ?? '') as readonly SeenEvents[];
      const isWhole = ({ first, last, count }: SeenEvents) =>
        first <= newestBefore + 1 && last >= newest && count === last - first + 1;
      const latestMs = Math.max(...seen.map((page) => page.latestMs));
      return { events: told.length, wholePages: seen.filter(isWhole).length, latestMs };
    };
  }

  #startLoad(boards: readonly ManyNode[]): NamespaceProgram {
    const { bootFolder, fixture } = this.#site;
    const addresses = boards.map(({ address }) => address).join('\n');
    const argv = [this.#load, server, '69', bootFolder, ...options, ...files];
    const script = 'addresses=$1; shift; printf "%s\\n" "$addresses" | exec "$@"';
    return fixture.net.start('board', ['sh', '-c', script, 'sh', addresses, ...argv]);
  }

  /** As soon as all of them load; one report after the other, each from its board's own address. */
  async #report(): Promise<void> {
    const boots = await this.#openBoots();
    const config = path.join(this.#site.fixture.dir, 'reports');
    await writeFile(config, reported.flatMap((phase) => boots.map((boot) => reportOf(boot, phase))).join('next\n'), {
      mode: 0o600,
    });
    const reports = this.#site.fixture.net.start('board', ['curl', '--config', config]);
    await reports.ended;
    const refused = reports.lines.filter((code) => code !== '204');
    if (refused.length > 0) throw new Error(`${refused.length} reports were answered ${refused[0]}`);
  }

  async #openBoots(): Promise<readonly Boot[]> {
    const names = new Set(this.#boards.map(({ name }) => name));
    for (let attempt = 0; attempt < 600; attempt += 1) {
      const { boots } = await readBoots(this.#site.stateDir);
      const open = boots.filter(({ node, closed, phases }) => {
        return names.has(node) && closed === undefined && phases.some(({ phase }) => phase === 'loading');
      });
      if (open.length === names.size) return open;
      await sleep(100);
    }
    throw new Error('after a minute not all boards have begun to load');
  }

  /** From the service itself, by one who was not there. */
  async #eventsAfter(id: number): Promise<readonly { readonly id: number; readonly kind: string }[]> {
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { 'last-event-id': String(id) };
      get({ socketPath: this.#site.fixture.socket, path: '/api/v1/events', headers, agent: false }, resolve).on(
        'error',
        reject,
      );
    });
    let text = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    let before = -1;
    // What is amended reaches the disk within a second, and the readers a quarter of a second later.
    while (before !== text.length) {
      before = text.length;
      await sleep(2000);
    }
    incoming.destroy();
    const found = [...text.matchAll(/^id: (\d+)\nevent: (\S+)$/gm)];
    return found.map(([, number, kind = '']) => ({ id: Number(number), kind }));
  }
}

function reportOf({ address, token = '' }: Boot, phase: (typeof reported)[number]): string {
  const lines = {
    url: `http://${server}/boot/v1/phase`,
    interface: address,
    header: `authorization: Bearer ${token}`,
    data: `phase=${phase}&uptime=1`,
    output: '/dev/null',
    'write-out': '%{http_code}\\n',
  };
  return `${Object.entries(lines)
    .map(([name, value]) => `${name} = "${value}"\n`)
    .join('')}silent\n`;
}
