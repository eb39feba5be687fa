/** `GET /nodes`, a page of 100: how late at 100 requests a second, and what one costs beside a plain express handler. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { NamespaceProgram } from '../support/namespaces.ts';
import { askInRow, askSteadily, percentile } from './fleet-requests.ts';
import type { FleetSite } from './fleet-site.ts';

const route = '/api/v1/nodes?limit=100';
const inRow = 500;
const steadily = { perSecond: 100, seconds: 10 };

export interface ListRound {
  readonly p99Ms: number;
  readonly plainP99Ms: number;
  /** Of one request, as a multiple of one to the plain handler. */
  readonly wallRatio: number;
  /** The same of the processor time of the two programs, with all that the service does beside it. */
  readonly processorRatio: number;
}

/** Of one request. */
interface Cost {
  readonly wallMs: number;
  readonly processorMs: number;
}

export class FleetLists {
  readonly #own: Server;
  readonly #plain: Server;
  readonly #program: ChildProcess;

  private constructor(own: Server, plain: Server, program: ChildProcess) {
    this.#own = own;
    this.#plain = plain;
    this.#program = program;
  }

  /** The plain handler has the answers of this moment; both have answered often before anything is measured. */
  static async open(site: FleetSite, { pid }: NamespaceProgram): Promise<FleetLists> {
    const { dir, socket } = site.fixture;
    const file = path.join(dir, 'nodes.json');
    const plain = path.join(dir, 'plain.sock');
    await writeFile(file, JSON.stringify(await site.answers()));
    const program = path.join(import.meta.dirname, 'fleet-plain.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, plain, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const lists = new FleetLists({ socket, pid }, { socket: plain, pid: child.pid ?? 0 }, child);
    await costOfOne(lists.#own);
    await costOfOne(lists.#plain);
    return lists;
  }

  async round(): Promise<ListRound> {
    const own = await costOfOne(this.#own);
    const plain = await costOfOne(this.#plain);
    const p99Ms = percentile(await askSteadily(this.#own.socket, route, steadily), 99);
    const plainP99Ms = percentile(await askSteadily(this.#plain.socket, route, steadily), 99);
    const wallRatio = own.wallMs / plain.wallMs;
    return { p99Ms, plainP99Ms, wallRatio, processorRatio: own.processorMs / plain.processorMs };
  }

  close(): void {
    this.#program.kill();
  }
}

interface Server {
  readonly socket: string;
  readonly pid: number;
}

async function costOfOne({ socket, pid }: Server): Promise<Cost> {
  const before = await processorMsOf(pid);
  const wallMs = await askInRow(socket, route, inRow);
  return { wallMs, processorMs: ((await processorMsOf(pid)) - before) / inRow };
}

/** Of all its threads. */
async function processorMsOf(pid: number): Promise<number> {
  const folder = `/proc/${pid}/task`;
  const texts = await Promise.all(
    (await readdir(folder)).map((id) => readFile(path.join(folder, id, 'schedstat'), 'utf8')),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
}
