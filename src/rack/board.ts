/** One virtual board: firmware, then the kernel it loaded in QEMU; a reset by the guest is a power-on again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';

import { cannotStart, run, type Argv } from '../host/process.ts';
import type { Log } from '../model/log.ts';
import type { RackSpec } from '../model/rack-spec.ts';
import type { TimedFirmwareEvent } from './firmware-event.ts';
import type { BoardFolder } from './folder.ts';
import { connectFirmware, inNamespace, plugOf } from './network.ts';
import { readProcess } from './process-facts.ts';
import { qemuArgv, type Machine, type MachineStart } from './qemu.ts';
import { connectQmp, type GuestEnd } from './qmp.ts';
import type { FirmwareBoard, PlannedBoard } from './rack-plan.ts';
import { makeFirmware } from './real-firmware.ts';

export interface BoardStatus {
  readonly name: string;
  readonly board: string;
  readonly role: string;
  readonly address: string;
  readonly mac: string;
  readonly state: 'off' | 'firmware' | 'kernel';
  readonly sinceMs: number;
  /** How often power came on: by command, or because the guest restarted itself. */
  readonly powerOns: number;
  /** What its firmware did last. */
  readonly firmware: TimedFirmwareEvent | undefined;
  /** Why it is off. */
  readonly end: string | undefined;
  /** Of QEMU, all power-ons together. */
  readonly cpuSeconds: number;
}

export interface BoardDeps {
  readonly folder: BoardFolder;
  readonly clock: RackSpec['clock'];
  readonly accelerator: Machine['accelerator'];
  /** Runs `rack firmware`: the part of a board that needs sockets in its own namespace. */
  readonly firmwareArgv: (board: FirmwareBoard, folder: BoardFolder) => Argv;
  readonly log: Log;
}

export class VirtualBoard {
  readonly #board: PlannedBoard;
  readonly #deps: BoardDeps;
  #power: { readonly off: AbortController; readonly ended: Promise<void> } | undefined;
  #qemu: ChildProcess | undefined;
  #status: BoardStatus;

  constructor(board: PlannedBoard, deps: BoardDeps) {
    this.#board = board;
    this.#deps = deps;
    const { spec, mac, address } = board;
    this.#status = {
      name: spec.name,
      board: spec.board,
      role: spec.role,
      address,
      mac,
      state: 'off',
      sinceMs: Date.now(),
      powerOns: 0,
      firmware: undefined,
      end: undefined,
      cpuSeconds: 0,
    };
  }

  get name(): string {
    return this.#status.name;
  }

  async status(): Promise<BoardStatus> {
    return { ...this.#status, cpuSeconds: this.#status.cpuSeconds + (await this.#qemuSeconds()) };
  }

  /** Does nothing when the power is on. */
  powerOn(): void {
    if (this.#power !== undefined) return;
    const off = new AbortController();
    const ended = this.#run(off.signal)
      .catch((error: unknown) => this.#fail(error, off.signal))
      .finally(() => {
        this.#power = undefined;
        this.#become('off');
      });
    this.#power = { off, ended };
  }

  /** As pulling the plug. */
  async powerOff(): Promise<void> {
    this.#power?.off.abort(new Error('the power was cut'));
    await this.#power?.ended;
  }

  #fail(error: unknown, signal: AbortSignal): void {
    const reason = signal.aborted ? signal.reason : error;
    const end = reason instanceof Error ? reason.message : String(reason);
    this.#status = { ...this.#status, end };
    if (!signal.aborted) this.#deps.log.warn('board.failed', { board: this.name, reason: end });
  }

  #become(state: BoardStatus['state']): void {
    this.#status = { ...this.#status, state, sinceMs: Date.now() };
    this.#deps.log.info(`board.${state}`, { board: this.name });
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let end: GuestEnd = 'reset'; end === 'reset';) {
      this.#status = { ...this.#status, powerOns: this.#status.powerOns + 1, end: undefined };
      // What was loaded holds the boot's token.
      await mkdir(this.#deps.folder.dir, { recursive: true, mode: 0o700 });
      const { identity } = this.#board;
      if (identity !== undefined) await this.#runFirmware({ ...this.#board, identity }, signal);
      end = await this.#runKernel(signal);
      this.#status = { ...this.#status, end: end === 'off' ? 'the guest switched itself off' : undefined };
    }
  }

  async #runFirmware(board: FirmwareBoard, signal: AbortSignal): Promise<void> {
    const { folder, firmwareArgv } = this.#deps;
    const { index } = board;
    this.#become('firmware');
    await connectFirmware(index, true, signal);
    const argv = inNamespace(plugOf(index).namespace, firmwareArgv(board, folder));
    await run(argv, { signal, onLine: (line) => this.#noteFirmware(line) });
    await connectFirmware(index, false, signal);
  }

  #noteFirmware(line: string): void {
    if (!line.startsWith('{')) return;
    appendFileSync(this.#deps.folder.firmwareLog, `${line}\n`);
    const event = JSON.parse(line) as TimedFirmwareEvent;
    this.#status = { ...this.#status, firmware: event };
    if (event.event === 'stuck') this.#deps.log.warn('board.stuck', { board: this.name, reason: event.reason });
  }

  async #runKernel(signal: AbortSignal): Promise<GuestEnd> {
    const machine = await this.#machine();
    await rm(machine.controlSocket, { force: true });
    await appendFile(machine.consoleLog, `=== power-on ${this.#status.powerOns} at ${new Date().toISOString()}\n`);
    this.#become('kernel');
    const qemu = startQemu(machine);
    this.#qemu = qemu.process;
    try {
      const connection = await Promise.race([connectQmp(machine.controlSocket, signal), qemu.died]);
      const end = await Promise.race([connection.guestEnd, qemu.died, aborted(signal)]);
      return end;
    } finally {
      const cpuSeconds = this.#status.cpuSeconds + (await this.#qemuSeconds());
      this.#qemu = undefined;
      this.#status = { ...this.#status, cpuSeconds };
      // As a board loses power: nothing in QEMU has to be saved.
      qemu.process.kill('SIGKILL');
      await qemu.ended;
    }
  }

  async #machine(): Promise<Machine & { readonly controlSocket: string }> {
    const { folder, clock, accelerator } = this.#deps;
    const { index, spec, mac } = this.#board;
    return {
      cpus: spec.cpus,
      memoryMib: spec.memoryMib,
      clock: clock === 'now' ? 'utc' : clock,
      accelerator,
      mac,
      tap: plugOf(index).tap,
      start: await this.#start(),
      consoleLog: folder.consoleLog,
      controlSocket: `/run/board${index}.qmp`,
    };
  }

  async #start(): Promise<MachineStart> {
    const { folder } = this.#deps;
    if (this.#board.identity === undefined) return makeFirmware(this.#board.spec.firmware, folder.dir);
    return {
      kind: 'kernel',
      kernel: folder.kernel,
      initramfs: existsSync(folder.initramfs) ? folder.initramfs : undefined,
      commandLine: await readFile(folder.commandLine, 'utf8'),
    };
  }

  async #qemuSeconds(): Promise<number> {
    const pid = this.#qemu?.pid;
    return pid === undefined ? 0 : ((await readProcess(pid))?.cpuSeconds ?? 0);
  }
}

interface Qemu {
  readonly process: ChildProcess;
  /** Only ever rejects: QEMU must not end before it is told to. */
  readonly died: Promise<never>;
  readonly ended: Promise<void>;
}

const stderrTailBytes = 2000;

function startQemu(machine: Machine): Qemu {
  const [program, ...args] = qemuArgv(machine);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-stderrTailBytes);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const died = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(cannotStart(program, error)));
    child.once('close', (code, killedBy) => {
      reject(new Error(`${program} ended (${killedBy ?? `exit code ${code}`}) ${stderr}`.trim()));
    });
  });
  // Nobody waits for it any more when QEMU is ended on purpose.
  died.catch(() => undefined);
  return { process: child, died, ended };
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason as Error;
}
