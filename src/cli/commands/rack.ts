/** pi-image rack: virtual boards that boot from a storage node of their own, on this machine. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Command } from 'commander';

import { cannotStart, type Argv } from '../../host/process.ts';
import { readYamlFile } from '../../host/yaml-file.ts';
import { HostError, UsageError } from '../../model/errors.ts';
import { RackSpec } from '../../model/rack-spec.ts';
import { expandHostlist } from '../../plan/hostlist.ts';
import { askRack, type RackRequest, type RackStatus } from '../../rack/control.ts';
import { boardFolder, rackFolder, type RackFolder } from '../../rack/folder.ts';
import { argvInRack, endRack, raiseRack } from '../../rack/launch.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { CommandEnded } from '../explain.ts';
import { parseRackBoards } from '../rack-boards.ts';
import { registerInside } from '../rack-inside.ts';
import { rackInsideArgv, requireImage, requireRoot } from '../rack-parts.ts';
import { renderRackStatus } from '../rack-status.ts';
import { registerStorm } from '../rack-storm.ts';

export const registerRack: RegisterCommand = (program, context) => {
  const rack = program
    .command('rack')
    .summary('virtual boards that boot for real')
    .description(
      'A private network with a storage node and virtual boards: their firmware asks as that of a Pi 3, 4 or 5 does,\n' +
        'then QEMU runs the kernel, initramfs and command line that it loaded. Needs root; leaves nothing behind.',
    );
  // So that options behind "exec --" belong to the command that is run.
  rack.enablePositionalOptions();
  registerUp(rack, context);
  registerBoot(rack, context);
  registerStatus(rack, context);
  registerConsole(rack, context);
  registerExec(rack, context);
  registerPower(rack, context);
  registerDown(rack, context);
  registerStorm(rack, context);
  registerInside(rack, context);
};

interface FolderOption {
  readonly dir?: string;
}

const dirOption = ['--dir <dir>', "the rack's folder (default: rack/ in the state directory)"] as const;

function folderOf({ dir }: FolderOption, context: CliContext): RackFolder {
  return rackFolder(path.resolve(dir ?? path.join(context.paths().state, 'rack')));
}

interface UpOptions extends FolderOption {
  readonly file?: string;
  readonly boards?: string;
  readonly image?: string;
  readonly clock?: string;
  readonly foreground?: boolean;
}

function registerUp(rack: Command, context: CliContext): void {
  rack
    .command('up')
    .summary('raise a rack: its storage node serves, its boards are off')
    .option('-f, --file <rack.yaml>', 'boards, image and clock from a file')
    .option('--boards <list>', 'NAME[:ROLE[:BOARD]], separated by commas (default: head,node01)')
    .option('--image <name>', 'the image that all boards boot (default: debian-lite)')
    .option('--clock <date>', 'the date that boards start with, for example 2020-01-01 (default: now)')
    .option('--foreground', 'stay; Ctrl-C takes the rack down')
    .option(...dirOption)
    .addHelpText(
      'after',
      '\nExamples:\n  pi-image rack up\n  pi-image rack up --boards head,node[01-02]:compute:pi5 --clock 2020-01-01\n' +
        '  pi-image rack up -f rack.yaml --foreground',
    )
    .action(async (options: UpOptions) => {
      requireRoot('a rack');
      const folder = folderOf(options, context);
      const spec = await readSpec(options);
      const imagesDir = path.join(context.paths().state, 'exports', 'images');
      await requireImage(spec, imagesDir);
      const isTiedToUs = options.foreground === true;
      const insideArgv = rackInsideArgv(folder);
      const status = await raiseRack({ folder, spec, imagesDir, insideArgv, isTiedToUs, signal: context.signal });
      context.stdout(renderRackStatus(status));
      if (!isTiedToUs) return context.stdout('Switch boards on with "pi-image rack boot NAME".\n');
      context.stdout('The rack is up; Ctrl-C takes it down.\n');
      await holdUntilStopped(context.signal);
      await endRack(folder);
    });
}

async function readSpec(options: UpOptions): Promise<RackSpec> {
  const flags = {
    ...(options.image !== undefined && { image: options.image }),
    ...(options.clock !== undefined && { clock: options.clock }),
  };
  if (options.file !== undefined) {
    if (options.boards !== undefined) throw new UsageError('--boards and --file name the boards twice');
    const { value } = await readYamlFile(options.file, RackSpec);
    return RackSpec.parse({ ...value, ...flags });
  }
  const parsed = RackSpec.safeParse({ boards: parseRackBoards(options.boards ?? 'head,node01'), ...flags });
  if (!parsed.success) throw new UsageError(parsed.error.issues.map((issue) => issue.message).join('; '));
  return parsed.data;
}

async function holdUntilStopped(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(60_000, undefined, { signal }).catch(() => undefined);
}

function registerBoot(rack: Command, context: CliContext): void {
  rack
    .command('boot')
    .summary('switch boards on')
    .argument('<names...>', 'boards, for example head node[01-02]')
    .option('--wait', 'until each board runs the kernel that it loaded')
    .option(...dirOption)
    .addHelpText('after', '\nExamples:\n  pi-image rack boot head node01\n  pi-image rack boot node[01-04] --wait')
    .action(async (words: string[], options: FolderOption & { wait?: boolean }) => {
      const folder = folderOf(options, context);
      const names = words.flatMap((word) => expandHostlist(word));
      const status = await ask(folder, { verb: 'power', action: 'on', names }, context);
      const end = options.wait === true ? await waitForKernels(folder, names, context) : status;
      context.stdout(renderRackStatus(end));
    });
}

const pollMs = 500;

async function waitForKernels(folder: RackFolder, names: readonly string[], context: CliContext): Promise<RackStatus> {
  for (;;) {
    const status = await ask(folder, { verb: 'status' }, context);
    const waited = status.boards.filter((board) => names.includes(board.name));
    const dead = waited.find((board) => board.state === 'off');
    if (dead !== undefined) {
      throw new HostError(`${dead.name} is off: ${dead.end ?? 'nobody switched it on'}`, {
        hint: `Look into ${boardFolder(folder, dead.name).dir}.`,
      });
    }
    if (waited.every((board) => board.state === 'kernel')) return status;
    await sleep(pollMs, undefined, { signal: context.signal });
  }
}

function registerStatus(rack: Command, context: CliContext): void {
  rack
    .command('status')
    .summary("the boards' power and what their firmware does")
    .option('-o, --output <format>', 'table or json', 'table')
    .option(...dirOption)
    .addHelpText('after', '\nExamples:\n  pi-image rack status\n  pi-image rack status -o json')
    .action(async (options: FolderOption & { output: string }) => {
      const status = await ask(folderOf(options, context), { verb: 'status' }, context);
      if (options.output === 'json') return context.stdout(`${JSON.stringify(status, undefined, 2)}\n`);
      context.stdout(renderRackStatus(status));
    });
}

function registerConsole(rack: Command, context: CliContext): void {
  rack
    .command('console')
    .summary("print a board's serial console")
    .argument('<name>')
    .option('-f, --follow', 'go on printing until Ctrl-C')
    .option(...dirOption)
    .addHelpText('after', '\nExamples:\n  pi-image rack console node01\n  pi-image rack console head --follow')
    .action(async (name: string, options: FolderOption & { follow?: boolean }) => {
      const file = boardFolder(folderOf(options, context), name).consoleLog;
      if (options.follow === true) return runInTerminal(['tail', '-n', '+1', '-F', file], context);
      const text = await readFile(file, 'utf8').catch((error: unknown) => {
        throw new HostError(`${name} has no console yet`, {
          cause: error,
          hint: 'Switch it on: "pi-image rack boot".',
        });
      });
      context.stdout(text);
    });
}

function registerExec(rack: Command, context: CliContext): void {
  rack
    .command('exec')
    .summary('run a command on the storage node of the rack')
    .argument('<command...>')
    .option(...dirOption)
    .passThroughOptions()
    .addHelpText('after', '\nExamples:\n  pi-image rack exec -- ssh head sinfo\n  pi-image rack exec -- ip address')
    .action(async ([program = '', ...args]: string[], options: FolderOption) => {
      requireRoot('a rack');
      await runInTerminal(await argvInRack(folderOf(options, context), [program, ...args]), context);
    });
}

/** With our own terminal; its exit code becomes ours. */
async function runInTerminal([program, ...args]: Argv, context: CliContext): Promise<void> {
  const child = spawn(program, args, { stdio: 'inherit', signal: context.signal });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => (context.signal.aborted ? resolve(0) : reject(cannotStart(program, error))));
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
  if (code !== 0) throw new CommandEnded(code);
}

function registerPower(rack: Command, context: CliContext): void {
  rack
    .command('power')
    .summary('pull and plug the power cord')
    .argument('<names>', 'boards, for example node[01-02]')
    .argument('<action>', 'on, off or cycle')
    .option(...dirOption)
    .addHelpText('after', '\nExamples:\n  pi-image rack power node01 cycle\n  pi-image rack power head,node01 off')
    .action(async (list: string, action: string, options: FolderOption) => {
      if (action !== 'on' && action !== 'off' && action !== 'cycle') {
        throw new UsageError(`power is switched on, off or cycle, not "${action}"`);
      }
      const request = { verb: 'power', action, names: expandHostlist(list) } as const;
      context.stdout(renderRackStatus(await ask(folderOf(options, context), request, context)));
    });
}

function registerDown(rack: Command, context: CliContext): void {
  rack
    .command('down')
    .summary('end the rack and everything in it; logs, images and shares stay')
    .option(...dirOption)
    .addHelpText('after', '\nExample:\n  pi-image rack down')
    .action(async (options: FolderOption) => {
      requireRoot('a rack');
      const folder = folderOf(options, context);
      context.stdout((await endRack(folder)) ? 'the rack is down\n' : `no rack is up in ${folder.dir}\n`);
    });
}

async function ask(folder: RackFolder, request: RackRequest, context: CliContext): Promise<RackStatus> {
  requireRoot('a rack');
  return askRack(folder.controlSocket, request, context.signal);
}
