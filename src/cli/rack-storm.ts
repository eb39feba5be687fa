/** pi-image rack storm, and the two programs that it consists of. */
import path from 'node:path';

import type { Command } from 'commander';

import { logTo } from '../host/log.ts';
import { HostError, UsageError } from '../model/errors.ts';
import { RackSpec } from '../model/rack-spec.ts';
import { parseBootOrder } from '../rack/boot-order.ts';
import { boardInterface } from '../rack/network.ts';
import { runStormInside, type StormEvent, type StormResult } from '../rack/storm/inside.ts';
import { launchStorm } from '../rack/storm/launch.ts';
import { parseMix } from '../rack/storm/mix.ts';
import { runBoards } from '../rack/storm/run.ts';
import type { StormSpec } from '../rack/storm/spec.ts';
import type { CliContext } from './context.ts';
import { renderValue } from './output.ts';
import { piImageInRack, requireImage, requireRoot } from './rack-parts.ts';
import { addStormFlags, type StormFlags } from './rack-storm-flags.ts';
import { renderStormEvent, renderStormResult } from './rack-storm-text.ts';
import { selfArgv } from './self.ts';

export function registerStorm(rack: Command, context: CliContext): void {
  const storm = rack
    .command('storm')
    .summary('switch hundreds of virtual boards on at once, and measure')
    .description(
      'A storage node of its own, and boards that load everything up to kernel and initramfs as their firmware does, on a ' +
        'network that loses and delays what it is told to. No root is mounted, and nothing is left behind. Exit code 1 when ' +
        'a board is not complete in time. Needs root and the datagram addon.',
    );
  addStormFlags(storm);
  storm
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image rack storm --boards 256 --loss 1\n' +
        '  pi-image rack storm --boards 64 --board pi4:3,pi4@2019-12-03,pi5 --delay 5ms --die 2\n' +
        '  pi-image rack storm --boards 32 --flood discover=2000,halfOpen=500,spoofedAck=2000,oversized=500 -o json',
    )
    .action((flags: StormFlags) => runStorm(flags, context));
  rack
    .command('storm-inside', { hidden: true })
    .argument('<spec>')
    .action((text: string) => inside(JSON.parse(text) as StormSpec, context));
  rack
    .command('storm-boards', { hidden: true })
    .argument('<spec>')
    .action((text: string) => boards(JSON.parse(text) as StormSpec, context));
}

async function runStorm(flags: StormFlags, context: CliContext): Promise<void> {
  const spec = specOf(flags, context);
  requireRoot('a storm');
  if (spec.image !== undefined) await requireImage({ image: spec.image }, spec.imagesDir);
  const insideArgv = selfArgv('rack', 'storm-inside', JSON.stringify(spec));
  const tell = (event: StormEvent) => context.stderr(renderStormEvent(event, spec.boards));
  const result = await launchStorm({ insideArgv, tell, signal: context.signal });
  context.stdout(flags.output === 'json' ? renderValue({ spec, ...result }, 'json') : renderStormResult(spec, result));
  const missing = result.boards - result.complete;
  if (missing > 0) throw new HostError(`${missing} of ${result.boards} boards are not complete: ${nameSome(result)}`);
}

const namedBoards = 5;

function nameSome({ unfinished }: StormResult): string {
  const first = unfinished.slice(0, namedBoards).join(', ');
  return unfinished.length > namedBoards ? `${first} and ${unfinished.length - namedBoards} more` : first;
}

/** @throws UsageError before anything is started */
function specOf(flags: StormFlags, context: CliContext): StormSpec {
  parseMix(flags.board);
  parseBootOrder(flags.bootOrder);
  return {
    boards: flags.boards,
    mix: flags.board,
    image: parseImage(flags.image),
    kernelBytes: flags.kernel,
    initramfsBytes: flags.initramfs,
    faults: {
      lossPercent: flags.loss,
      delayMs: flags.delay,
      duplicatePercent: flags.duplicate,
      reorderPercent: flags.reorder,
    },
    diePercent: flags.die,
    seed: flags.seed ?? Date.now() % 2 ** 31,
    powerOnOverMs: flags.powerOnOver,
    repeatMs: flags.repeat,
    bootOrder: flags.bootOrder,
    isStrict: flags.strict === true,
    flood: flags.flood,
    deadlineMs: flags.deadline,
    imagesDir: path.join(context.paths().state, 'exports', 'images'),
    dir: flags.dir === undefined ? undefined : path.resolve(flags.dir),
  };
}

function parseImage(text: string | undefined): string | undefined {
  if (text === undefined || RackSpec.shape.image.safeParse(text).success) return text;
  throw new UsageError(`"${text}" is not an image`, { hint: 'Write NAME or NAME@VERSION.' });
}

const boardsArgv = (spec: StormSpec) => selfArgv('rack', 'storm-boards', JSON.stringify(spec));

async function inside(spec: StormSpec, context: CliContext): Promise<void> {
  const tell = (event: StormEvent) => context.stdout(`${JSON.stringify(event)}\n`);
  const log = logTo(process.stderr);
  await runStormInside({ spec, piImage: piImageInRack, boardsArgv, tell, log }, context.signal);
}

async function boards(spec: StormSpec, context: CliContext): Promise<void> {
  const print = (value: unknown) => context.stdout(`${JSON.stringify(value)}\n`);
  const { imagesDir } = spec;
  const result = await runBoards({ spec, device: boardInterface, imagesDir, tell: print, signal: context.signal });
  print({ result });
}
