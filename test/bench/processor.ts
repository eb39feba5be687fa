/** What a server has used: itself, its threads, and the processes it started, also those that nobody has waited for. */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A control group of its own counts them all; version 1 and version 2 lie in different places. */
const places = [
  { folder: '/sys/fs/cgroup/cpuacct', file: 'cpuacct.usage', seconds: (text: string) => Number(text) / 1e9 },
  {
    folder: '/sys/fs/cgroup',
    file: 'cpu.stat',
    seconds: (text: string) => Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1e6,
  },
] as const;

export class Processor {
  readonly #pid: number;
  readonly #folder: string;
  readonly #place: (typeof places)[number];

  private constructor(pid: number, folder: string, place: (typeof places)[number]) {
    this.#pid = pid;
    this.#folder = folder;
    this.#place = place;
  }

  static async of(pid: number): Promise<Processor> {
    for (const place of places) {
      const folder = path.join(place.folder, `pi-image-bench-${pid}`);
      const isThere = await readFile(path.join(place.folder, 'cgroup.procs')).then(
        () => true,
        () => false,
      );
      if (!isThere) continue;
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'cgroup.procs'), String(pid));
      return new Processor(pid, folder, place);
    }
    throw new Error('this machine has no control groups, by which processor time is measured');
  }

  async seconds(): Promise<number> {
    return this.#place.seconds(await readFile(path.join(this.#folder, this.#place.file), 'utf8'));
  }

  /** The most memory it ever had. */
  async peakRssBytes(): Promise<number> {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${this.#pid}/status`, 'utf8'));
    return Number(peak?.[1] ?? 0) * 1024;
  }

  /** When all of it has ended. */
  async remove(): Promise<void> {
    await rmdir(this.#folder);
  }
}
