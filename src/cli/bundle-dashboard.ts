/** Packs the dashboard's code for browsers: one script, one style sheet, one icon, each named after its content. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { build, type OutputFile } from 'esbuild';

/** Of all scripts together, as they are sent. */
export const scriptLimitBytes = 150_000;

export interface BundledFile {
  /** Without a folder. */
  readonly name: string;
  readonly bytes: number;
  /** What of the sources and packages is in it, from the package's folder on. */
  readonly inputs: readonly string[];
}

/** @param packageDir where package.json is @param outDir holds nothing else afterwards */
export async function bundleDashboard(packageDir: string, outDir: string): Promise<BundledFile[]> {
  const licence = await readFile(path.join(packageDir, 'node_modules/preact/LICENSE'), 'utf8');
  const { metafile, outputFiles } = await build({
    absWorkingDir: packageDir,
    entryPoints: ['main.tsx', 'style.css', 'icon.svg'].map((name) => path.join('src/dashboard', name)),
    entryNames: '[name]-[hash]',
    outdir: outDir,
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    loader: { '.svg': 'copy' },
    // Its licence asks for that.
    banner: { js: `/*! Contains preact:\n${licence.replaceAll('*/', '')}*/` },
    logLevel: 'warning',
  });
  await writeNew(outDir, outputFiles);
  return Object.entries(metafile.outputs).map(([file, { bytes, inputs }]) => ({
    name: path.basename(file),
    bytes,
    inputs: Object.keys(inputs),
  }));
}

/** A name holds the hash of its content: what is there is right, and a service that starts meanwhile can read it. */
async function writeNew(dir: string, files: readonly OutputFile[]): Promise<void> {
  await mkdir(dir, { recursive: true });
  const before = await readdir(dir);
  const named = new Map(files.map((file) => [path.basename(file.path), file.contents]));
  for (const [name, contents] of named) if (!before.includes(name)) await writeFile(path.join(dir, name), contents);
  for (const name of before) if (!named.has(name)) await rm(path.join(dir, name), { recursive: true });
}

export function scriptBytes(files: readonly BundledFile[]): number {
  return files.filter(({ name }) => name.endsWith('.js')).reduce((sum, { bytes }) => sum + bytes, 0);
}
