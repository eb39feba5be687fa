/** Which code has run? Asks V8, block by block, for the files of one decoder. */
import { Session, type Debugger, type Profiler } from 'node:inspector';
import { findSourceMap } from 'node:module';
import { setFlagsFromString } from 'node:v8';

interface Script {
  readonly id: string;
  readonly url: string;
  /** Per character of what V8 runs: 1 once it has run. */
  readonly seen: Uint8Array;
  /** What loading alone has run. */
  loaded: Uint8Array;
}

export interface FileCoverage {
  readonly file: string;
  readonly lines: number;
  /** Lines of which some part has never run. */
  readonly missed: readonly number[];
}

/** To be opened before the decoder is loaded: V8 keeps no blocks of what it compiled earlier. */
export class Coverage {
  readonly #session = new Session();
  readonly #scripts = new Map<string, Script>();
  readonly #isWanted: (url: string) => boolean;

  constructor(files: readonly string[]) {
    this.#isWanted = (url) => files.some((file) => url.endsWith(`/src/${file}`));
    // Optimised code does not count how often it is entered.
    setFlagsFromString('--no-opt');
    setFlagsFromString('--no-maglev');
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Debugger.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Has something run since it was asked last that had never run before? @param isKept else it stays new */
  hasNews(isKept: boolean): boolean {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    let isNew = false;
    for (const script of result) {
      if (this.#isWanted(script.url) && this.#addTo(this.#scriptOf(script), script.functions, isKept)) isNew = true;
    }
    return isNew;
  }

  /** What has run until now needs no input. */
  loaded(): void {
    this.hasNews(true);
    for (const script of this.#scripts.values()) script.loaded = script.seen.slice();
  }

  /** Forgets what inputs have run. */
  forget(): void {
    for (const { seen, loaded } of this.#scripts.values()) seen.set(loaded);
  }

  files(): FileCoverage[] {
    return [...this.#scripts.values()].map((script) => this.#linesOf(script));
  }

  #scriptOf({ scriptId: id, url, functions }: Profiler.ScriptCoverage): Script {
    const known = this.#scripts.get(url);
    if (known !== undefined) return known;
    const end = Math.max(...functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)));
    const length = Math.max(end, this.#sourceOf(id).length);
    const script: Script = { id, url, seen: new Uint8Array(length), loaded: new Uint8Array(length) };
    this.#scripts.set(url, script);
    return script;
  }

  /** Outer ranges come before those inside them, which count more. */
  #addTo({ seen }: Script, functions: readonly Profiler.FunctionCoverage[], isKept: boolean): boolean {
    const ran = new Uint8Array(seen.length);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    let isNew = false;
    // indexOf() is native code: this is asked for each input that may be news.
    for (let at = nextOf(seen, 0, 0); at < seen.length; at = nextOf(seen, 0, at)) {
      if (ran[at] === 0) {
        at = nextOf(ran, 1, at);
        continue;
      }
      isNew = true;
      if (!isKept) break;
      seen[at] = 1;
    }
    return isNew;
  }

  /** tsx runs one long line; its source map says which line of ours each piece of it is. */
  #linesOf({ id, url, seen }: Script): FileCoverage {
    const map = findSourceMap(url);
    const lines = new Map<number, boolean>();
    let at = 0;
    for (const [row, text] of this.#sourceOf(id).split('\n').entries()) {
      for (let column = 0; column < text.length; column++) {
        const entry = map?.findEntry(row, column);
        if (entry === undefined || !('originalLine' in entry)) continue;
        if (entry.generatedLine !== row || entry.generatedColumn !== column) continue;
        const line = entry.originalLine + 1;
        lines.set(line, (lines.get(line) ?? true) && seen[at + column] === 1);
      }
      at += text.length + 1;
    }
    const missed = [...lines].flatMap(([line, isReached]) => (isReached ? [] : [line]));
    return {
      file: url.slice(url.lastIndexOf('/src/') + 1),
      lines: lines.size,
      missed: missed.toSorted((a, b) => a - b),
    };
  }

  #sourceOf(scriptId: string): string {
    const source = this.#post('Debugger.getScriptSource', { scriptId }) as Debugger.GetScriptSourceReturnType;
    return source.scriptSource;
  }

  /** Within one process the answer is there when the call returns. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }
}

function nextOf(bytes: Uint8Array, value: 0 | 1, from: number): number {
  const at = bytes.indexOf(value, from);
  return at === -1 ? bytes.length : at;
}
