/** The flags of pi-image rack storm, and how each is read. */
import { InvalidArgumentError, Option, type Command } from 'commander';

import { floodKinds, noFlood, type FloodRates } from '../rack/storm/flood.ts';
import { defaultMix, mostBoards } from '../rack/storm/mix.ts';

export interface StormFlags {
  readonly boards: number;
  readonly board: string;
  readonly image?: string;
  readonly kernel: number;
  readonly initramfs: number;
  readonly loss: number;
  readonly delay: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly die: number;
  readonly seed?: number;
  readonly powerOnOver: number;
  readonly repeat: number;
  readonly bootOrder: string;
  readonly strict?: boolean;
  readonly flood: FloodRates;
  readonly deadline: number;
  readonly dir?: string;
  readonly output: 'table' | 'json';
}

export function addStormFlags(storm: Command): void {
  storm
    .addOption(parsed('--boards <count>', 'how many', whole(1, mostBoards), 64, '64'))
    .option('--board <mix>', 'which: BOARD[@EEPROM][:SHARE], separated by commas', defaultMix)
    .option('--image <name>', 'a published image (default: one is made, with files of the usual sizes)')
    .addOption(parsed('--kernel <size>', 'of the image that is made', parseSize, 9e6, '9M'))
    .addOption(parsed('--initramfs <size>', 'of the image that is made', parseSize, 3e6, '3M'))
    .addOption(parsed('--loss <percent>', 'round trips that fail, as ping counts them', parsePercent, 0, '0'))
    .addOption(parsed('--delay <time>', 'of each frame, each way', parseTime, 0, '0ms'))
    .addOption(parsed('--duplicate <percent>', 'frames that come twice, each way', parsePercent, 0, '0'))
    .addOption(parsed('--reorder <percent>', 'frames that are overtaken, each way', parsePercent, 0, '0'))
    .addOption(parsed('--die <percent>', 'boards whose power fails once while they load', parsePercent, 0, '0'))
    .addOption(new Option('--seed <number>', 'the chances of an earlier storm again').argParser(whole(0, 2 ** 31)))
    .addOption(parsed('--power-on-over <time>', 'from the first board to the last', parseTime, 0, '0s'))
    .addOption(parsed('--repeat <time>', 'boards that are complete are switched off and on again', parseTime, 0, '0s'))
    .option('--boot-order <order>', "BOOT_ORDER of the boards' EEPROMs", '0xf2')
    .option('--strict', 'start.elf and start4.elf too give up a file 30 s after its request')
    .addOption(parsed('--flood <rates>', 'frames a second of hostile neighbours', parseFlood, noFlood, 'none'))
    .addOption(parsed('--deadline <time>', 'for all boards', parseTime, 1_200_000, '20m'))
    .option('--dir <dir>', 'where state and logs are left (default: in memory)')
    .addOption(new Option('-o, --output <format>', 'how to show it').choices(['table', 'json']).default('table'));
}

function parsed<T>(flag: string, what: string, parse: (text: string) => T, value: T, shown: string): Option {
  return new Option(flag, what).argParser(parse).default(value, shown);
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  };
}

function parsePercent(text: string): number {
  const value = Number(text);
  if (/^\d+(?:\.\d+)?%?$/.test(text) && value <= 50) return value;
  throw new InvalidArgumentError('Write a percentage from 0 to 50, for example 0.5.');
}

const millisecondsIn: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function parseTime(text: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const factor = millisecondsIn[unit];
  if (factor !== undefined) return Number(value) * factor;
  throw new InvalidArgumentError('Write a time with its unit, for example 5ms, 10s or 2m.');
}

const bytesIn: Readonly<Record<string, number>> = { k: 1000, M: 1_000_000 };
const mostBytes = 200e6;

function parseSize(text: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)([kM])$/.exec(text) ?? [];
  const bytes = Math.round(Number(value) * (bytesIn[unit] ?? Number.NaN));
  if (bytes > 0 && bytes <= mostBytes) return bytes;
  throw new InvalidArgumentError('Write a size with its unit, for example 500k or 9M.');
}

/** `discover=2000,halfOpen=500` */
function parseFlood(text: string): FloodRates {
  const rates = new Map(text.split(',').map((word) => parseRate(word.trim())));
  return { ...noFlood, ...Object.fromEntries(rates) };
}

function parseRate(text: string): [string, number] {
  const [, name, rate] = /^(\w+)=(\d{1,5})$/.exec(text) ?? [];
  const kind = floodKinds.find((each) => each === name);
  if (kind !== undefined) return [kind, Number(rate)];
  throw new InvalidArgumentError(`Write KIND=RATE with a kind of ${floodKinds.join(', ')}, for example discover=2000.`);
}
