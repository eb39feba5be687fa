/** pi-image image why: where a file of an image comes from. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import type { Command } from 'commander';

import { ConfigError } from '../../model/errors.ts';
import type { IndexEntry } from '../../model/tree-index.ts';
import { dpkgNames, explainPath, type PathOrigin } from '../../plan/image-why.ts';
import type { CliContext } from '../context.ts';
import { renderFacts, renderValue, withOutput } from '../output.ts';
import { whereImageIs } from '../own-root.ts';
import { readVersion } from '../read-version.ts';

export function registerWhy(parent: Command, context: CliContext): void {
  const why = parent
    .command('why')
    .summary('say where a file of an image comes from: layer, package, or the seal')
    .argument('<image>', 'NAME for its newest version, or NAME@VERSION')
    .argument('<path>', 'as on a node: /usr/sbin/slurmd')
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image why debian-lite /usr/sbin/slurmd\n  pi-image image why debian-lite /etc/hostname',
    )
    .action(async (reference: string, file: string, options: { output: 'table' | 'yaml' | 'json' }) => {
      const { manifest, index, folder } = await readVersion(reference, whereImageIs(context, reference).paths());
      if (index === undefined) {
        throw new ConfigError(
          `${manifest.name}@${manifest.version} has no index: it was published by an older pi-image`,
          {
            hint: `Build it again: "pi-image build ${manifest.name}".`,
          },
        );
      }
      const relative = path.posix.relative('/', path.posix.resolve('/', file)) || '.';
      const owners = await findOwners(path.join(folder, 'root'), relative);
      const origin = explainPath(relative, { manifest, index, owners });
      context.stdout(options.output === 'table' ? renderOrigin(origin) : renderValue(origin, options.output));
    });
  withOutput(why, ['table', 'yaml', 'json']);
}

/** As dpkg --search does, without running the image's dpkg. */
async function findOwners(root: string, relative: string): Promise<string[]> {
  const info = path.join(root, 'var/lib/dpkg/info');
  const lists = (await readdir(info).catch((): string[] => [])).filter((name) => name.endsWith('.list'));
  const names = new Set(dpkgNames(relative));
  const owners: string[] = [];
  for (const list of lists) {
    const lines = (await readFile(path.join(info, list), 'utf8')).split('\n');
    if (lines.some((line) => names.has(line))) owners.push(list.replace(/(?::[^:.]+)?\.list$/, ''));
  }
  return owners;
}

function renderOrigin({ path: file, entry, layer, packages, sealed }: PathOrigin): string {
  const from = layer === undefined ? undefined : `${layer.name} (${layer.kind} ${layer.key.slice(0, 12)})`;
  const facts = renderFacts([
    ['path', `/${file}`],
    ['is', entry === undefined ? 'not in the image' : describe(entry)],
    ['layer', from],
    ['package', packages.join(', ')],
    ['seal', sealed && `${sealed.rule}: ${sealed.why}`],
  ]);
  if (entry !== undefined || sealed !== undefined) return facts;
  return `${facts}nothing has put it there, and no rule has taken it away\n`;
}

function describe(entry: IndexEntry): string {
  const owner = `${entry.mode.toString(8).padStart(4, '0')} ${entry.uid}:${entry.gid}`;
  switch (entry.kind) {
    case 'file':
      return `a file of ${entry.bytes} bytes, ${owner}, sha256 ${entry.sha256.slice(0, 16)}`;
    case 'link':
      return `a link to ${entry.target}`;
    case 'folder':
      return `a folder, ${owner}`;
    case 'special':
      return `a device, ${entry.device}, ${owner}`;
    default:
      return entry satisfies never;
  }
}
