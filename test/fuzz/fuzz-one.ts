/**
 * Fuzzes one decoder in this process: fuzz-one.ts NAME SECONDS SEED
 *
 * Inputs that reach code that none has reached before are mutated further, and in the end written into the corpus. One that
 * breaks a promise is written there too, with what it broke, and then this ends with 1.
 */
import { createHash } from 'node:crypto';

import { Finding, runInput, runMeasured, usedBytes } from './check.ts';
import { readCorpus, writeCorpus, type KeptInput } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { chanceFrom, mutate, type Chance } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

/** Asking V8 costs as much as some hundred inputs. */
const batchInputs = 100;

/** More garbage than all inputs of a batch may leave: they are looked at one by one. */
const batchBytes = 256 * 1024 * 1024;

class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #chance: Chance;
  readonly #words: readonly Uint8Array[];
  /** What was found in earlier runs stays, whatever it reaches. */
  readonly #findings: KeptInput[];
  #corpus: Uint8Array[] = [];
  #kinds = new Set<string>();
  executions = 0;

  constructor(target: FuzzTarget, coverage: Coverage, chance: Chance) {
    this.#target = target;
    this.#coverage = coverage;
    this.#chance = chance;
    this.#words = target.words.map((word) =>
      typeof word === 'string' ? Buffer.from(word, 'latin1') : Uint8Array.from(word),
    );
    const kept = readCorpus(target.name);
    this.#findings = kept.filter(({ found }) => found !== undefined);
    for (const bytes of [...target.seeds(), ...kept.map((input) => input.bytes)]) this.#try(bytes);
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array());
  }

  get inputs(): number {
    return this.#corpus.length;
  }

  /** @throws Finding */
  runUntil(endMs: number): void {
    while (performance.now() < endMs) this.#batch();
  }

  /** The shortest ones first, and only those that reach what the ones before them do not. */
  save(): void {
    const inputs = this.#corpus.toSorted((one, other) => one.length - other.length);
    this.#corpus = [];
    this.#kinds = new Set();
    this.#coverage.forget();
    for (const { bytes } of this.#findings) runInput(this.#target, bytes);
    this.#coverage.hasNews(true);
    for (const bytes of inputs) this.#try(bytes);
    const inOrder = this.#corpus.map((bytes) => ({ bytes, name: createHash('sha256').update(bytes).digest('hex') }));
    inOrder.sort((one, other) => one.bytes.length - other.bytes.length || (one.name < other.name ? -1 : 1));
    writeCorpus(this.#target.name, [...inOrder.map(({ bytes }) => ({ bytes })), ...this.#findings]);
  }

  /** Shortened as far as it still breaks a promise. */
  saveFinding(finding: Finding): Uint8Array {
    let bytes = finding.input;
    for (let size = bytes.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at + size <= bytes.length; at += size) {
        const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
        if (this.#breaks(shorter)) bytes = shorter;
      }
    }
    const kept = readCorpus(this.#target.name);
    writeCorpus(this.#target.name, [...kept, { bytes, found: finding.message.replaceAll(/[^ -~]/g, '?') }]);
    return bytes;
  }

  #breaks(bytes: Uint8Array): boolean {
    try {
      runMeasured(this.#target, bytes);
      return false;
    } catch {
      return true;
    }
  }

  #batch(): void {
    const inputs = Array.from({ length: batchInputs }, () => this.#make());
    const before = usedBytes();
    const isNews = inputs.map((bytes) => this.#isNewKind(runInput(this.#target, bytes)));
    this.executions += inputs.length;
    const isHeavy = usedBytes() - before > batchBytes;
    const reachesNew = this.#coverage.hasNews(false);
    if (!isHeavy && !reachesNew && !isNews.includes(true)) return;
    for (const [index, bytes] of inputs.entries()) this.#try(bytes, isNews[index]);
  }

  #try(bytes: Uint8Array, isNews = false): void {
    const isNewKind = this.#isNewKind(runMeasured(this.#target, bytes));
    this.executions++;
    const reachesNew = this.#coverage.hasNews(true);
    if (isNews || isNewKind || reachesNew) this.#corpus.push(bytes);
  }

  #isNewKind(kind: string): boolean {
    if (this.#kinds.has(kind)) return false;
    this.#kinds.add(kind);
    return true;
  }

  #make(): Uint8Array {
    const { repair, maxBytes } = this.#target;
    const material = { chance: this.#chance, words: this.#words, maxBytes, other: () => this.#pick() };
    const bytes = mutate(this.#pick(), material);
    if (repair !== undefined && this.#chance(4) > 0) repair(bytes);
    return bytes;
  }

  /** What was found last has been tried least. */
  #pick(): Uint8Array {
    const count = this.#corpus.length;
    const at = this.#chance(3) === 0 ? count - 1 - this.#chance(Math.min(count, 8)) : this.#chance(count);
    return this.#corpus[at] ?? new Uint8Array();
  }
}

async function main(name: string, seconds: number, seed: number): Promise<number> {
  const coverage = new Coverage(await filesOf(name));
  // Loaded only now, so that V8 counts in it.
  const { targets } = await import('./targets.ts');
  const target = targets.find((candidate) => candidate.name === name);
  if (target === undefined)
    throw new Error(`no decoder is called ${name}: ${targets.map((one) => one.name).join(', ')}`);
  coverage.loaded();
  const fuzzer = new Fuzzer(target, coverage, chanceFrom(seed));
  const startMs = performance.now();
  try {
    fuzzer.runUntil(startMs + seconds * 1000);
    fuzzer.save();
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    const bytes = fuzzer.saveFinding(error);
    process.stdout.write(`${name}: ${error.message}\n${Buffer.from(bytes).toString('hex')}\n`);
    process.stdout.write(`${String(error.cause instanceof Error ? error.cause.stack : '')}\n`);
    return 1;
  }
  process.stdout.write(`${report(name, fuzzer, coverage)}\n`);
  return 0;
}

/** Which files count must be known before they are loaded; only the list of names can be asked for elsewhere. */
async function filesOf(name: string): Promise<readonly string[]> {
  const { covered } = await import('./covered.ts');
  return covered[name] ?? [];
}

function report(name: string, fuzzer: Fuzzer, coverage: Coverage): string {
  const files = coverage.files();
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const missed = files.reduce((sum, file) => sum + file.missed.length, 0);
  const share = lines === 0 ? 0 : Math.floor((1000 * (lines - missed)) / lines) / 10;
  const rest = files.filter((file) => file.missed.length > 0).map((file) => `  ${file.file}: ${file.missed.join(' ')}`);
  const counts = `${fuzzer.executions} executions, ${fuzzer.inputs} inputs kept, ${lines - missed} of ${lines} lines (${share} %)`;
  return [`${name.padEnd(14)} ${counts}`, ...rest].join('\n');
}

const [name = '', seconds = '60', seed = '1'] = process.argv.slice(2);
process.exitCode = await main(name, Number(seconds), Number(seed));
