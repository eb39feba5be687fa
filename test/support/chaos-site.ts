/** A storage node that is killed and comes back, over and over, each time from the same state. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { databaseFile, openDatabase } from '../../src/host/database/open.ts';
import { openFrozenBoots } from '../../src/host/frozen-boots.ts';
import type { Argv } from '../../src/host/process.ts';
import { lockState } from '../../src/host/state-lock.ts';
import type { ApiToken } from '../../src/model/api-token.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { Event } from '../../src/model/event.ts';
import type { State } from '../../src/model/state.ts';
import type { ChaosBoard } from './chaos-facts.ts';
import { compiledArgv } from './compiled.ts';
import type { NamespaceProgram } from './namespaces.ts';
import { boardAddress, boardMac, ServeFixture, storageAddress } from './serve-fixture.ts';
import { killedAt, recordedTo, type KillPoint } from './strace.ts';

/** Known by its serial: its MAC is learned when it boots. */
export const node = { name: 'node01', serial: '9ffefd01', board: 'pi4', address: boardAddress, role: 'compute' };
export const idle = { ...node, name: 'node02', serial: '9ffefd02', address: '10.42.0.12' };
export const stranger = { mac: 'dc:a6:32:00:00:99', serial: '9ffefd99' };

const image = { image: 'small', overlays: ['base'] };
const roles = { compute: image, login: { ...image, kernelArguments: ['quiet'] } };

/** All that a service reads when it starts. */
export interface Disk {
  readonly state: State;
  readonly boots: readonly Boot[];
  readonly tokens: readonly ApiToken[];
  readonly events: readonly Event[];
  /** Generations whose files are there. */
  readonly frozen: ReadonlySet<string>;
}

export class ChaosSite {
  readonly fixture = new ServeFixture();
  #beginning = '';

  get state(): string {
    return path.join(this.fixture.dir, 'state');
  }

  get #service(): Argv {
    return compiledArgv(this.fixture.dir, 'serve', '--no-time');
  }

  get log(): string {
    return path.join(this.state, 'state.db-wal');
  }

  async open(): Promise<void> {
    await this.fixture.open();
    await this.fixture.writeCluster({ roles });
    await this.fixture.apply([node, idle]);
    this.#beginning = path.join(this.fixture.dir, 'beginning');
    await copyState(this.state, this.#beginning);
    // NFS goes on from here, and the secrets are made: neither is what is killed.
    const first = await this.serve();
    await this.run();
    await first.stop();
  }

  /** A whole boot with nobody killing anything. */
  async run(): Promise<NamespaceProgram> {
    const board = this.startBoard();
    await board.ended;
    return board;
  }

  async reset(): Promise<void> {
    for (const name of ['state.db', 'state.db-wal', 'state.db-shm', 'boot']) {
      await rm(path.join(this.state, name), { recursive: true, force: true });
    }
    await copyState(this.#beginning, this.state);
    await this.fixture.onBoard('ip', 'address', 'flush', 'dev', 'end0');
  }

  /** Returns at once. */
  startKilled(point: KillPoint): NamespaceProgram {
    return this.fixture.net.start('storage', killedAt(point, this.#service));
  }

  async serve(): Promise<NamespaceProgram> {
    return answering(this.fixture.net.start('storage', this.#service));
  }

  /** What it writes and sends goes to the file. */
  async serveRecorded(file: string): Promise<NamespaceProgram> {
    return answering(this.fixture.net.start('storage', recordedTo(file, this.#service)));
  }

  startBoard(): NamespaceProgram {
    const spec: ChaosBoard = {
      server: storageAddress,
      interface: 'end0',
      node: { mac: boardMac, serial: node.serial },
      stranger,
    };
    const program = path.join(import.meta.dirname, 'chaos-board.ts');
    const argv = [process.execPath, '--import', 'tsx', program, JSON.stringify(spec)];
    return this.fixture.net.start('board', argv);
  }

  /** What lies there now, as a start of the service finds it. Leaves it as it is. */
  async disk(): Promise<Disk> {
    const copy = await mkdtemp(path.join(tmpdir(), 'chaos-'));
    try {
      await copyState(this.state, copy);
      const database = await openDatabase(copy);
      const { boots } = database.boots.current();
      const wanted = new Set(boots.map(({ generation }) => generation));
      const frozen = await openFrozenBoots(path.join(copy, 'boot'), wanted);
      const events = await database.events.after(0, 10_000);
      const found: Disk = {
        state: database.state.current(),
        boots,
        tokens: database.tokens.list(),
        events,
        frozen: new Set([...frozen.all()].map(({ generation }) => generation.id)),
      };
      await database.close();
      return found;
    } finally {
      await rm(copy, { recursive: true });
    }
  }

  close(): Promise<void> {
    return this.fixture.close();
  }
}

async function answering(service: NamespaceProgram): Promise<NamespaceProgram> {
  await service.line(/part\.ready part=api$/);
  return service;
}

async function copyState(from: string, to: string): Promise<void> {
  const lock = await lockState(from, { purpose: 'copy', waitMs: 10_000, signal: AbortSignal.timeout(20_000) });
  try {
    const file = databaseFile('');
    for (const name of [file, `${file}-wal`, 'boot']) {
      await cp(path.join(from, name), path.join(to, name), { recursive: true, force: true }).catch(absentIsFine);
    }
  } finally {
    await lock.release();
  }
}

function absentIsFine(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
