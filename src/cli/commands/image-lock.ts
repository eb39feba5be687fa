/** pi-image image lock: decides which packages an image is made of, and writes it down without building. */
import type { Command } from 'commander';

import { lockChanges, readLock, writeLock } from '../../build/lock-file.ts';
import { prepareBuild } from '../../build/prepare-build.ts';
import { HostError } from '../../model/errors.ts';
import { installedAfter } from '../../plan/package-lock.ts';
import type { SourceOverrides } from '../../plan/build-sources.ts';
import { showProgress } from '../build-progress.ts';
import { buildRequest } from '../build-request.ts';
import type { CliContext } from '../context.ts';
import { renderValue, withOutput, type OutputFormat } from '../output.ts';
import { asRoot } from '../own-root.ts';
import { sourceOption } from '../source-option.ts';

interface LockFlags {
  readonly update?: boolean;
  readonly anew?: boolean;
  readonly mirror: SourceOverrides['mirrors'];
  readonly keyring: SourceOverrides['keyrings'];
  readonly output: Exclude<OutputFormat, 'name'>;
}

export function registerLock(parent: Command, context: CliContext): void {
  const command = parent
    .command('lock')
    .summary('write down which packages an image is made of')
    .description(
      'Writes image.lock.json beside image.yaml: name, version and sha256 of every package. Keep it in git: who builds ' +
        'the image from it gets the same packages. The lock of an image that is shipped lies in the state directory.',
    )
    .argument('<image>', 'its name')
    .option('--update', 'look for newer packages; they become a layer on top, or a new base where they are many')
    .option('--anew', 'take the newest of every package, with a new base')
    .addOption(sourceOption('--mirror <source=url>', 'take an archive from this address'))
    .addOption(sourceOption('--keyring <source=file>', 'trust this key file for an archive'))
    .addHelpText('after', '\nExample:\n  pi-image image lock mine --update')
    .action((name: string, flags: LockFlags) =>
      asRoot(context, async () => {
        const shown = showProgress(context);
        try {
          context.stdout(await lock(name, flags, { context, shown }));
        } finally {
          shown.close();
        }
      }),
    );
  withOutput(command, ['table', 'json', 'yaml']);
}

async function lock(
  name: string,
  { update, anew, mirror, keyring, output }: LockFlags,
  { context, shown }: { readonly context: CliContext; readonly shown: ReturnType<typeof showProgress> },
): Promise<string> {
  const request = await buildRequest(name, { context, progress: shown.progress, offline: false });
  const before = await readLock(request);
  const overrides = { mirrors: mirror, keyrings: keyring };
  const planned = await prepareBuild(request, {
    update: anew === true ? 'anew' : update === true,
    overrides,
    onlyPlan: false,
  });
  if (planned.kind === 'base-first') throw new HostError(`the base of ${name} could not be looked into`);
  const file = await writeLock(request, planned.lock);
  shown.close();
  const changes = before === undefined ? [] : lockChanges(before, planned.lock);
  const count = installedAfter(planned.lock.layers).length;
  if (output !== 'table') return renderValue({ image: name, file, packages: count, changes }, output);
  return `${changes.map((change) => `  ${change}\n`).join('')}${file}: ${count} packages, ${changes.length} changed\n`;
}
