/** Which boards a storm has, from one line: `pi4:3,pi4@2019-12-03,pi5:2,pi3`. Pure. */
import { UsageError } from '../../model/errors.ts';
import { ipv4FromNumber, ipv4ToNumber, parseIpv4Interface, type Ipv4Address } from '../../model/ipv4.ts';
import { parseMac } from '../../model/mac.ts';
import { rackBoards, type RackBoard } from '../../model/rack-spec.ts';
import { parseSerial } from '../../model/serial.ts';
import type { BoardIdentity } from '../eeprom.ts';
import { hardware } from '../rack-plan.ts';

export interface BoardKind {
  /** As it was written: `pi4@2019-12-03`. */
  readonly label: string;
  readonly board: RackBoard;
  readonly eeprom: string;
  readonly weight: number;
}

export interface StormNode {
  readonly name: string;
  readonly kind: string;
  readonly identity: BoardIdentity;
  readonly address: Ipv4Address;
}

/** Large enough for the largest storm; the pool lies at its end. */
export const stormNetwork = {
  storage: parseIpv4Interface('10.42.0.1/20'),
  pool: '10.42.15.0-10.42.15.250',
} as const;
const firstAddress = ipv4ToNumber('10.42.1.1' as Ipv4Address);

/** What lies between the first board's address and the pool. */
export const mostBoards = 3500;

const newestEeprom = '2026-08-04';

/** All there are: the captured EEPROMs of a Pi 4, and more of those that people buy today. */
export const defaultMix = 'pi3,pi4@2019-12-03,pi4@2020-04-16,pi4@2022-10-18,pi4:3,pi5:3';

const kindForm = /^(?<board>[a-z0-9]+)(?:@(?<eeprom>\d{4}-\d{2}-\d{2}))?(?::(?<weight>\d{1,4}))?$/;

export function parseMix(text: string): BoardKind[] {
  return text.split(',').map((word) => {
    const { board, eeprom = newestEeprom, weight = '1' } = kindForm.exec(word.trim())?.groups ?? {};
    const known = rackBoards.find((name) => name === board);
    if (known === undefined || weight === '0') {
      throw new UsageError(`"${word}" is no kind of board`, {
        hint: `Write BOARD[@EEPROM][:SHARE] with a board of ${rackBoards.join(', ')}, for example ${defaultMix}.`,
      });
    }
    const label = word.trim().replace(/:\d+$/, '');
    return { label, board: known, eeprom, weight: Number(weight) };
  });
}

/** node0001 and on; the kinds take turns, so that each part of the storm has all of them. */
export function planStorm(count: number, kinds: readonly BoardKind[]): StormNode[] {
  const turns = kinds.flatMap((kind) =>
    Array.from({ length: kind.weight }, (_, turn) => ({ kind, at: turn / kind.weight })),
  );
  const order = turns.toSorted((a, b) => a.at - b.at).map(({ kind }) => kind);
  return Array.from({ length: count }, (_, index) => {
    const kind = order[index % order.length];
    if (kind === undefined) throw new UsageError('a storm needs a kind of board');
    return planNode(index, kind);
  });
}

function planNode(index: number, { board, eeprom, label }: BoardKind): StormNode {
  const number = index + 1;
  const tail = number.toString(16).padStart(6, '0');
  const { revision, macPrefix } = hardware[board];
  const mac = parseMac(`${macPrefix}:${tail.replace(/(..)(..)/, '$1:$2:')}`);
  return {
    name: `node${String(number).padStart(4, '0')}`,
    kind: label,
    // A Pi 3's MAC ends like its serial; so do the others here.
    identity: { board, mac, serial: parseSerial(`ac${tail}`), revision, eeprom },
    address: ipv4FromNumber(firstAddress + index),
  };
}
