/** Many boards that get power at the same time, on one wire. Frames and time in; no socket and no clock of its own. */
import type { BootOrder } from '../boot-order.ts';
import { Faults, type FaultRates } from '../stack/faults.ts';
import { Random } from '../stack/random.ts';
import { Switchboard, type FramePort } from '../stack/switchboard.ts';
import { StormBoard } from './board.ts';
import type { BootContents } from './contents.ts';
import type { StormNode } from './mix.ts';
import { newRecord, type BoardRecord } from './record.ts';

export interface StormOptions {
  readonly nodes: readonly StormNode[];
  readonly contents: BootContents;
  readonly faults: FaultRates;
  /** Boards of 100 whose power fails once, somewhere in their files. */
  readonly diePercent: number;
  readonly seed: number;
  /** The first gets power at once, the last after so long. */
  readonly powerOnOverMs: number;
  /** So long from the first power-on, boards that are complete are switched off and on again. */
  readonly repeatMs: number;
  readonly bootOrder: BootOrder;
  readonly isStrict: boolean;
}

/** Finer than any time of a loader. */
const tickMs = 20;

/** Later than that, and a server may rightly have lost its patience with us. */
const stallMs = 100;

/** Seeds next to each other must not lead to chances next to each other. */
const seedStep = 0x9e3779b1;

export class Storm {
  readonly #boards: readonly StormBoard[];
  readonly #powerOnOverMs: number;
  readonly #repeatMs: number;
  #lastMs = Infinity;
  readonly switchboard: Switchboard;

  constructor(options: StormOptions, port: FramePort) {
    this.switchboard = new Switchboard(port, new Faults(options.faults));
    this.#powerOnOverMs = options.powerOnOverMs;
    this.#repeatMs = options.repeatMs;
    this.#boards = options.nodes.map((node, index) => this.#makeBoard(node, index, options));
  }

  get records(): readonly BoardRecord[] {
    return this.#boards.map(({ record }) => record);
  }

  get isOver(): boolean {
    return this.#boards.every(({ isOver }) => isOver);
  }

  /** How long nothing has to be ticked. */
  get restMs(): number {
    return this.switchboard.holdsFrames ? 1 : tickMs;
  }

  powerOn(nowMs: number): void {
    const last = Math.max(this.#boards.length - 1, 1);
    for (const [index, board] of this.#boards.entries()) {
      board.plugIn(nowMs + (this.#powerOnOverMs * index) / last, nowMs + this.#repeatMs);
    }
  }

  receive(frame: Uint8Array, start: number, length: number, nowMs: number): void {
    this.#watchStalls(nowMs);
    this.switchboard.receive(frame, start, length, nowMs);
  }

  tick(nowMs: number): void {
    this.#watchStalls(nowMs);
    this.switchboard.release(nowMs);
    for (const board of this.#boards) if (board.nextMs <= nowMs) board.tick(nowMs);
  }

  /** What is late because this process was late is nobody else's fault. */
  #watchStalls(nowMs: number): void {
    if (nowMs - this.#lastMs > stallMs) for (const board of this.#boards) board.noteDelay();
    this.#lastMs = nowMs;
  }

  #makeBoard(node: StormNode, index: number, options: StormOptions): StormBoard {
    const random = new Random(options.seed + Math.imul(index + 1, seedStep));
    const { contents, bootOrder, isStrict } = options;
    const board = new StormBoard({
      identity: node.identity,
      record: newRecord(node.name, node.kind),
      switchboard: this.switchboard,
      contents,
      bootOrder,
      isStrict,
      random,
      diesAfterBytes: chooseDeath(random, options),
    });
    this.switchboard.attach(board);
    return board;
  }
}

/** Anywhere in what the board loads: before the last tenth, as all of them load different files. */
function chooseDeath(random: Random, { diePercent, contents }: StormOptions): number | undefined {
  const isUnlucky = random.fraction() < diePercent / 100;
  const kernel = [...contents.kernels].map((name) => contents.files.get(name)?.byteLength ?? 0);
  return isUnlucky ? Math.ceil(random.fraction() * Math.max(0, ...kernel)) : undefined;
}
