/** The two commands that a rack starts inside of itself; not shown in --help. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Option, type Command } from 'commander';

import { parseMac } from '../model/mac.ts';
import { rackBoards, type RackBoard } from '../model/rack-spec.ts';
import { parseSerial } from '../model/serial.ts';
import type { FirmwareEvent, TimedFirmwareEvent } from '../rack/firmware-event.ts';
import { runFirmware, type LoadedBoot } from '../rack/firmware.ts';
import type { HttpSettings } from '../rack/http-boot.ts';
import { boardInterface } from '../rack/network.ts';
import type { CliContext } from './context.ts';
import { runInside } from './rack-parts.ts';

export function registerInside(rack: Command, context: CliContext): void {
  rack
    .command('run', { hidden: true })
    .requiredOption('--dir <dir>')
    .action((options: { dir: string }) => runInside(path.resolve(options.dir), context.signal));
  registerFirmware(rack, context);
}

interface FirmwareFlags {
  readonly board: RackBoard;
  readonly mac: string;
  readonly serial: string;
  readonly revision: string;
  readonly eeprom: string;
  readonly out: string;
  readonly interface: string;
  readonly httpUrl?: string;
  readonly httpKey?: string;
}

/** Prints one JSON line per event; ends with kernel, initramfs and command line in the folder. */
function registerFirmware(rack: Command, context: CliContext): void {
  rack
    .command('firmware', { hidden: true })
    .addOption(new Option('--board <board>').choices(rackBoards).makeOptionMandatory())
    .requiredOption('--mac <mac>')
    .requiredOption('--serial <serial>')
    .requiredOption('--revision <number>')
    .requiredOption('--eeprom <date>')
    .requiredOption('--out <dir>')
    .option('--interface <name>', 'the only one beside loopback', boardInterface)
    .option('--http-url <url>', 'boot over HTTP from here')
    .option('--http-key <file>', 'public key in its EEPROM')
    .action(async (flags: FirmwareFlags) => {
      const { board, eeprom } = flags;
      const identity = {
        board,
        mac: parseMac(flags.mac),
        serial: parseSerial(flags.serial),
        revision: Number(flags.revision),
        eeprom,
      };
      await mkdir(path.join(flags.out, 'loaded'), { recursive: true });
      const loaded = await runFirmware({
        who: identity,
        interface: flags.interface,
        ports: { server: 67, client: 68, tftp: 69 },
        http: await readHttpSettings(flags),
        emit: (event: FirmwareEvent) => {
          const timed: TimedFirmwareEvent = { atMs: Date.now(), ...event };
          context.stdout(`${JSON.stringify(timed)}\n`);
        },
        keep: (file, bytes) => writeFile(path.join(flags.out, 'loaded', file.replaceAll('/', '_')), bytes),
        signal: context.signal,
      });
      await writeLoaded(flags.out, loaded);
    });
}

async function readHttpSettings({ httpUrl, httpKey }: FirmwareFlags): Promise<HttpSettings | undefined> {
  if (httpUrl === undefined || httpKey === undefined) return undefined;
  return { url: httpUrl, publicPem: await readFile(httpKey, 'utf8') };
}

async function writeLoaded(dir: string, { kernel, initramfs, commandLine }: LoadedBoot): Promise<void> {
  await writeFile(path.join(dir, 'kernel'), kernel);
  await rm(path.join(dir, 'initramfs'), { force: true });
  if (initramfs !== undefined) await writeFile(path.join(dir, 'initramfs'), initramfs);
  await writeFile(path.join(dir, 'cmdline.txt'), commandLine);
}
