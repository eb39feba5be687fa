/** Does what a page of the docs says, block after block, and compares what it says one sees with what is seen. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { z } from 'zod';

import { parseYaml, renderYaml } from '../../src/host/yaml-file.ts';
import type { DocsBlock } from './docs-blocks.ts';
import type { GuideSite } from './guide-site.ts';
import type { Ended } from './pi-image.ts';

/** What is not tried as it stands on the page, and what a person does beside it. */
export interface GuideTable {
  /** Text of the page -> what stands in for it. Each must be on the page. */
  readonly standIns: Readonly<Record<string, string>>;
  /** Line -> what is typed into the program that it starts. */
  readonly typed?: Readonly<Record<string, string>>;
  /** Line -> its exit code, where that is not 0. */
  readonly ends?: Readonly<Record<string, number>>;
  /** Line, or first line of a block -> what has happened meanwhile. */
  readonly before?: Readonly<Record<string, () => Promise<unknown>>>;
  /** First line of a block that is neither commands nor a file nor what one sees -> how it is tried. */
  readonly tried?: Readonly<Record<string, (text: string) => Promise<unknown>>>;
}

const Fragment = z.record(z.string(), z.unknown());

export class GuideWalk {
  readonly #site: GuideSite;
  readonly #table: GuideTable;
  /** cluster.yaml but for what the page writes into it. */
  readonly #cluster: Readonly<Record<string, unknown>>;
  readonly #used = new Set<string>();
  /** Name of an image -> its versions, the first one first. */
  readonly #published = new Map<string, string[]>();
  #last: Ended = { code: 0, stdout: '', stderr: '' };
  /** Lines that were typed. */
  readonly typed: string[] = [];

  constructor(site: GuideSite, table: GuideTable, cluster: Readonly<Record<string, unknown>>) {
    this.#site = site;
    this.#table = table;
    this.#cluster = cluster;
  }

  async follow(blocks: readonly DocsBlock[]): Promise<void> {
    for (const block of blocks) await this.#follow(block);
  }

  /** Entries of the table that no block had a use for. */
  unused(): string[] {
    const { standIns, typed = {}, ends = {}, before = {}, tried = {} } = this.#table;
    return [standIns, typed, ends, before, tried]
      .flatMap((part) => Object.keys(part))
      .filter((key) => !this.#used.has(key));
  }

  async #follow({ language, text }: DocsBlock): Promise<void> {
    const first = text.slice(0, text.indexOf('\n'));
    await this.#take(this.#table.before, first)?.();
    const tried = this.#take(this.#table.tried, first);
    const file = /^# \/etc\/pi-image\/(.*\.yaml)$/.exec(first)?.[1];
    if (tried !== undefined) await tried(text);
    else if (language === 'sh') await this.#commands(text);
    else if (language === 'text') this.#seen(text);
    else if (file === 'cluster.yaml') await this.writeCluster(this.#standIn(text));
    else if (file !== undefined) await this.#write(file, this.#standIn(text));
    else throw new Error(`nothing tries this block of the page:\n${text}`);
  }

  #take<T>(from: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
    const found = from?.[key];
    if (found !== undefined) this.#used.add(key);
    return found;
  }

  /** Versions on the page are those that the builds above it have made. */
  #standIn(text: string): string {
    let standIn = text;
    for (const [shown, stands] of Object.entries(this.#table.standIns)) {
      if (standIn.includes(shown)) this.#used.add(shown);
      standIn = standIn.replaceAll(shown, stands);
    }
    return standIn.replaceAll(/\b([a-z]+)@20261121\.(\d)/g, (_, name: string, count: string) => {
      return `${name}@${this.#published.get(name)?.[Number(count) - 1] ?? 'not-published'}`;
    });
  }

  async #commands(text: string): Promise<void> {
    for (const line of text.trimEnd().split('\n')) {
      if (line.startsWith('# ')) this.#seen(line.slice(2));
      else await this.type(line.replace(/\s+# [^'"]*$/, ''));
    }
  }

  async type(line: string): Promise<Ended> {
    await this.#take(this.#table.before, line)?.();
    const code = this.#take(this.#table.ends, line) ?? 0;
    const ended = await this.#site.type(this.#standIn(line), this.#take(this.#table.typed, line));
    if (ended.code !== code) {
      throw new Error(`"${line}" ended with ${ended.code} and not ${code}\n${ended.stdout}${ended.stderr}`);
    }
    this.typed.push(line);
    this.#last = ended;
    if (!line.includes('sudo')) return ended;
    for (const [, name = '', version = ''] of ended.stdout.matchAll(/^published (\S+)@(\S+)$/gm)) {
      this.#published.set(name, [...(this.#published.get(name) ?? []), version]);
    }
    return ended;
  }

  /** Lines of what the last command printed, in this order; how wide columns are does not count. */
  #seen(text: string): void {
    const narrow = (all: string) => all.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' '));
    const wanted = narrow(this.#standIn(text)).filter((line) => line !== '');
    const seen = narrow(this.#last.stdout).filter((line) => wanted.includes(line));
    if (seen.join('\n') === wanted.join('\n')) return;
    throw new Error(
      `the page says that one sees\n${text.trimEnd()}\nafter "${this.typed.at(-1) ?? ''}", which says\n${this.#last.stdout}`,
    );
  }

  async #write(file: string, text: string): Promise<void> {
    const place = path.join(this.#site.site, file);
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, text);
  }

  /** What stands on the page, and what else the file needs. */
  async writeCluster(fragment: string): Promise<void> {
    const { value } = parseYaml(fragment, 'cluster.yaml', Fragment);
    await this.#write('cluster.yaml', renderYaml({ ...this.#cluster, ...value }));
  }
}
