/** A site in a folder of its own, and the command line run on it in this process. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import { runProgram } from '../../src/cli/program.ts';
import { renderYaml } from '../../src/host/yaml-file.ts';
import { sampleClusterInput, sampleManifest, sampleNodesInput } from './sample-view.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface TestSite {
  readonly dir: string;
  /** Runs `pi-image --config … --state … --runtime … ARGS`. */
  readonly run: (...args: string[]) => Promise<Outcome>;
  /** Writes a file below the site's folder and returns its path. */
  readonly write: (name: string, content: string) => Promise<string>;
}

const shippedDir = path.resolve(import.meta.dirname, '../..');

/** The sample cluster with a published image; `files` replace or add files of the site's folder. */
export async function sampleSite(files: Readonly<Record<string, string>> = {}): Promise<TestSite> {
  const site = await emptySite();
  const version = 'state/exports/images/debian-lite/20261121.1/manifest.json';
  const own = {
    'cluster.yaml': renderYaml(sampleClusterInput),
    'nodes.yaml': renderYaml(sampleNodesInput),
    [version]: JSON.stringify(sampleManifest()),
    ...files,
  };
  for (const [name, content] of Object.entries(own)) await site.write(name, content);
  return site;
}

export async function emptySite(): Promise<TestSite> {
  const dir = await mkdtemp(path.join(tmpdir(), 'pi-image-cli-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const places = ['--config', `${dir}/cluster.yaml`, '--state', `${dir}/state`, '--runtime', `${dir}/run`];
  return {
    dir,
    run: (...args) => runHere([...places, ...args]),
    write: async (name, content) => {
      const file = path.join(dir, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
  };
}

export async function runHere(args: readonly string[]): Promise<Outcome> {
  let out = '';
  let err = '';
  const code = await runProgram(args, {
    shippedDir,
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    terminal: () => ({ isScreen: false, columns: 100, rows: 24, isUtf8: true }),
    isInteractive: false,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

/** The words of every command that does something, read off the help texts themselves. */
export async function commandPaths(words: readonly string[] = []): Promise<string[][]> {
  const { out } = await runHere([...words, '--help']);
  const listed = out.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].flatMap((match) => match[1] ?? []);
  const children = names.filter((name) => name !== 'help');
  if (children.length === 0) return [[...words]];
  return (await Promise.all(children.map((name) => commandPaths([...words, name])))).flat();
}
