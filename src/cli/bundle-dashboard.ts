/** Packs the dashboard's code for browsers: one script, one style sheet, one icon, each named after its content. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { build } from 'esbuild';

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
  await rm(outDir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: packageDir,
    entryPoints: ['main.tsx', 'style.css', 'icon.svg'].map((name) => path.join('src/dashboard', name)),
    entryNames: '[name]-[hash]',
    outdir: outDir,
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.svg': 'copy' },
    // Its licence asks for that.
    banner: { js: `/*! Contains preact:\n${licence.replaceAll('*/', '')}*/` },
    logLevel: 'warning',
  });
  return Object.entries(metafile.outputs).map(([file, { bytes, inputs }]) => ({
    name: path.basename(file),
    bytes,
    inputs: Object.keys(inputs),
  }));
}

export function scriptBytes(files: readonly BundledFile[]): number {
  return files.filter(({ name }) => name.endsWith('.js')).reduce((sum, { bytes }) => sum + bytes, 0);
}
