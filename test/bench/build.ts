/**
 * How long images take, beside what people build them with today. Prints a table; exit code 1 when something is not what is
 * promised. Needs root and the archives of the machine. Arguments: which rows (all; words of their titles).
 */
import { availableParallelism, cpus, loadavg } from 'node:os';

import { measureCold } from './build-cold.ts';
import { isReached, renderFigure, type BuildFigure } from './build-figures.ts';
import { measureInitramfs, measureModes, measureOfficial, measureRollback, measureTemplate } from './build-parts.ts';
import { BuildSite } from './build-site.ts';
import { measureOneMore, measurePublish, measureUnchanged } from './build-warm.ts';

interface Row {
  readonly title: string;
  /** Of its own image. */
  readonly needsImage: boolean;
  readonly measure: (site: BuildSite) => Promise<BuildFigure[]>;
}

/** In this order: the first makes the image of those after it. */
const rows: readonly Row[] = [
  { title: 'cold build', needsImage: false, measure: measureCold },
  { title: 'nothing changed', needsImage: true, measure: measureUnchanged },
  { title: 'initramfs', needsImage: true, measure: measureInitramfs },
  { title: 'one package added', needsImage: true, measure: measureOneMore },
  { title: 'publish', needsImage: true, measure: measurePublish },
  { title: 'one template changed, 1,000 nodes', needsImage: false, measure: measureTemplate },
  { title: 'roll back', needsImage: false, measure: measureRollback },
  { title: 'official .img.xz extracted', needsImage: true, measure: measureOfficial },
  { title: 'squash and shared', needsImage: true, measure: measureModes },
];

const words = process.argv.slice(2);
const wanted = rows.filter(({ title }) => words.length === 0 || words.some((word) => title.includes(word)));
if (wanted.length === 0) throw new Error(`no row has one of these words: ${words.join(' ')}`);

print(`${availableParallelism()} x ${cpus()[0]?.model ?? 'processor'}, Node ${process.version}\n`);
print('| what | measured | wanted | reached |\n|---|---|---|---|');
const figures: BuildFigure[] = [];
const site = await BuildSite.make();
let hasImage = false;
try {
  await site.writeImage('bench');
  for (const row of wanted) await measureRow(row);
} finally {
  await site.remove();
}
process.exitCode = figures.every(isReached) ? 0 : 1;

async function measureRow({ title, needsImage, measure }: Row): Promise<void> {
  if (needsImage && !hasImage) await site.build('bench');
  // Wall times mean something on a quiet machine only.
  process.stderr.write(`${title}, load ${(loadavg()[0] ?? 0).toFixed(1)}\n`);
  const found = await measure(site);
  hasImage ||= needsImage || measure === measureCold;
  figures.push(...found);
  for (const figure of found) print(renderFigure(figure));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
