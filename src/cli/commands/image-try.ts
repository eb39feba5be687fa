/** pi-image image exec, shell: try things in an image, and keep them as a layer where they prove good. */
import type { Command } from 'commander';

import { checkKeepable, keepCommand, keepSession } from '../../build/keep-changes.ts';
import { readLock } from '../../build/lock-file.ts';
import { prepareBuild } from '../../build/prepare-build.ts';
import type { BuildRequest } from '../../build/running-build.ts';
import { tryInImage, type Tried } from '../../build/try-image.ts';
import { HostError, UsageError } from '../../model/errors.ts';
import { buildRequest } from '../build-request.ts';
import type { CliContext } from '../context.ts';
import { CommandEnded } from '../explain.ts';
import { asRoot } from '../own-root.ts';
import { showProgress } from '../build-progress.ts';

interface TryFlags {
  readonly keep?: string;
  readonly network?: boolean;
}

const network = ['--network', 'with the network, which programs of a layer have only when it says so'] as const;

export function registerExec(parent: Command, context: CliContext): void {
  parent
    .command('exec')
    .summary('run a command in an image as image.yaml describes it')
    .description(
      'Runs a command inside an image, as root, on the layers that image.yaml describes: after an edit of it, build first. What it changes is thrown away, ' +
        'or becomes a layer with --keep: the command is written beside image.yaml as a program, so that every build ' +
        'repeats it. Ends with the exit code of the command; 125: it was not run. Without root it works on what a build without root has left.',
    )
    .argument('<image>', 'its name')
    .argument('<command...>', 'after --')
    .option('--keep <layer>', 'add it to image.yaml as a layer of this name when it succeeds')
    .option(...network)
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image image exec debian-lite -- dpkg -l\n  pi-image image exec mine --keep locale -- locale-gen de_DE.UTF-8',
    )
    .action((name: string, command: string[], flags: TryFlags) =>
      asRoot(context, async () => {
        const request = await quietRequest(name, context);
        await tryAndKeep(request, { command, flags }, async (layer, { code }) => {
          if (code !== 0) throw new CommandEnded(code, 'nothing is kept: the command failed');
          const written = await keepCommand(request, layer, { command, network: flags.network === true });
          context.stdout(keptText(written, name));
        });
      }),
    );
}

export function registerShell(parent: Command, context: CliContext): void {
  parent
    .command('shell')
    .summary('open a shell in an image as image.yaml describes it')
    .description(
      'Like exec, with a shell. With --keep the files that changed are written beside image.yaml into a folder of the ' +
        "layer's name. Without root it works on what a build without root has left.",
    )
    .argument('<image>', 'its name')
    .option('--keep <layer>', 'add what changed to image.yaml as a layer of this name')
    .option(...network)
    .addHelpText('after', '\nExample:\n  pi-image image shell mine --keep settings')
    .action((name: string, flags: TryFlags) =>
      asRoot(context, async () => {
        const request = await quietRequest(name, context);
        const shell = 'command -v bash > /dev/null && exec bash || exec sh';
        await tryAndKeep(
          request,
          { command: ['/bin/sh', '-c', shell], flags, isShell: true },
          async (layer, { upper }) => {
            const { written, cannot } = await keepSession(request, layer, upper);
            for (const sentence of cannot) context.stderr(`not kept as it is: ${sentence}\n`);
            context.stdout(written.length === 0 ? 'nothing changed that can be kept\n' : keptText(written, name));
          },
        );
      }),
    );
}

function keptText(written: readonly string[], name: string): string {
  return `kept: ${written.join(', ')}; "pi-image build ${name}" makes a version with it\n`;
}

/** Nothing between the person and the program. */
async function quietRequest(name: string, context: CliContext): Promise<BuildRequest> {
  refuseVersion(name);
  const shown = showProgress({ ...context, stderr: () => undefined });
  shown.close();
  return buildRequest(name, { context, progress: shown.progress, offline: false });
}

/** Of a version its tree is left, and not the layers that it was made of. */
function refuseVersion(reference: string): void {
  const [name = ''] = reference.split('@');
  if (name === reference) return;
  throw new UsageError(
    `${reference} is one version, and this works on the layers that image.yaml of ${name} describes`,
    {
      hint: `Write ${name} alone; the files of a version lie in its root/ below exports/images/ of the state directory.`,
    },
  );
}

async function tryAndKeep(
  request: BuildRequest,
  { command, flags, isShell = false }: { command: readonly string[]; flags: TryFlags; isShell?: boolean },
  keep: (layer: string, tried: Tried) => Promise<void>,
): Promise<void> {
  const layer = flags.keep;
  if (layer !== undefined) await checkKeepable(request, layer);
  // Else the archives would be asked what it would be made of, for nothing.
  if ((await readLock(request)) === undefined) throw notBuilt(request);
  const overrides = { mirrors: {}, keyrings: {} };
  const planned = await prepareBuild(request, { update: false, overrides, onlyPlan: true });
  if (planned.kind === 'base-first') throw notBuilt(request);
  await tryInImage(request, planned, {
    command,
    network: flags.network === true,
    look: async (tried) => {
      if (layer !== undefined) return keep(layer, tried);
      // A shell ends with the code of what was typed last.
      if (tried.code !== 0 && !isShell) throw new CommandEnded(tried.code);
    },
  });
}

const notBuilt = ({ name }: BuildRequest) =>
  new HostError(`${name} was not built yet`, { hint: `Run "pi-image build ${name}".` });
