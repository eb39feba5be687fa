/** Network namespaces joined by cables, for tests with real programs. Needs root; everything goes when the test ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { run, type Argv } from '../../src/host/process.ts';

const patienceMs = 60_000;

function ip(...args: readonly string[]): Promise<string> {
  return run(['ip', ...args], { signal: AbortSignal.timeout(patienceMs) });
}

export interface NamespaceProgram {
  readonly pid: number;
  /** Lines of stdout and stderr so far. */
  readonly lines: readonly string[];
  /** The `count`th line that the pattern matches, also one that was there before. Fails when the program ends without it. */
  line(pattern: RegExp, count?: number): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and waits. @returns the exit code */
  stop(): Promise<number | null>;
  /** Waits for its own end. */
  readonly ended: Promise<number | null>;
}

/** Namespaces of one test; close() kills what it started and takes them down. */
export class Namespaces {
  static #count = 0;
  readonly #prefix = `pi${process.pid}-${Namespaces.#count++}`;
  readonly #made: string[] = [];
  readonly #programs: { child: ChildProcess; ended: Promise<unknown> }[] = [];
  readonly #enter: Argv | undefined;

  /** @param enter stands before each command, where the namespace is none of ours */
  constructor(enter?: Argv) {
    this.#enter = enter;
  }

  /** The name as `ip netns` knows it. */
  #full(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #inside(namespace: string, argv: readonly string[]): Argv {
    return [...(this.#enter ?? (['ip', 'netns', 'exec', this.#full(namespace)] as const)), ...argv];
  }

  /** What stands before a command that another program starts there. */
  enter(namespace: string): Argv {
    return this.#inside(namespace, []);
  }

  async add(name: string): Promise<void> {
    await ip('netns', 'add', this.#full(name));
    this.#made.push(name);
    await this.run(name, ['ip', 'link', 'set', 'lo', 'up']);
  }

  /** A cable between two namespaces; both ends are up. */
  async cable(one: CableEnd, other: CableEnd): Promise<void> {
    const words = (end: CableEnd): string[] => {
      const mac = end.mac === undefined ? [] : ['address', end.mac];
      return ['name', end.interface, ...mac, 'netns', this.#full(end.namespace)];
    };
    await ip('link', 'add', ...words(one), 'type', 'veth', 'peer', ...words(other));
    for (const end of [one, other]) {
      if (end.address !== undefined) {
        await this.run(end.namespace, ['ip', 'address', 'add', end.address, 'dev', end.interface]);
      }
      await this.run(end.namespace, ['ip', 'link', 'set', end.interface, 'up']);
    }
  }

  /** @returns stdout; a failure throws with the end of stderr. */
  run(namespace: string, argv: readonly string[]): Promise<string> {
    return run(this.#inside(namespace, argv), { signal: AbortSignal.timeout(patienceMs) });
  }

  /** Of all processes there. */
  async pids(namespace: string): Promise<number[]> {
    const text = await ip('netns', 'pids', this.#full(namespace));
    return text.split('\n').filter(Boolean).map(Number);
  }

  start(namespace: string, argv: readonly string[]): NamespaceProgram {
    const [program, ...args] = this.#inside(namespace, argv);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    const waiting = new Set<() => void>();
    const wake = () => {
      for (const look of waiting) look();
    };
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line);
        wake();
      });
    }
    const ended = once(child, 'close').then(([code]) => code as number | null);
    this.#programs.push({ child, ended });
    return {
      pid: child.pid ?? 0,
      lines,
      ended,
      line: (pattern, count = 1) =>
        new Promise((resolve, reject) => {
          const look = () => {
            const found = lines.filter((line) => pattern.test(line)).at(count - 1);
            if (found === undefined) return;
            waiting.delete(look);
            resolve(found);
          };
          waiting.add(look);
          look();
          void ended.then((code) =>
            reject(new Error(`${argv.join(' ')} ended (${code}) without ${pattern}:\n${lines.join('\n')}`)),
          );
        }),
      signal: (name) => void child.kill(name),
      stop: async () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }

  async close(): Promise<void> {
    for (const { child, ended } of this.#programs) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    }
    for (const name of this.#made) await ip('netns', 'del', this.#full(name));
  }
}

export interface CableEnd {
  readonly namespace: string;
  readonly interface: string;
  readonly mac?: string;
  /** With its prefix length. */
  readonly address?: string;
}
