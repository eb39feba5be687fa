/** A large cluster: nodes and boards that differ in all that must differ. */
import type { MacAddress } from '../../src/model/mac.ts';
import type { Serial } from '../../src/model/serial.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';

export interface ManyNode {
  readonly name: string;
  readonly serial: string;
  readonly mac: string;
  readonly board: 'pi4';
  readonly address: string;
  readonly role: string;
}

/** node0001 and on at 10.42.1.1 and on; the first one is the controller. */
export function manyNodes(count: number): ManyNode[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    return {
      name: `node${String(number).padStart(4, '0')}`,
      serial: (0x1000_0000 + number).toString(16),
      mac: `dc:a6:32:01:${hexByte(number >> 8)}:${hexByte(number & 0xff)}`,
      board: 'pi4',
      address: `10.42.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`,
      role: index === 0 ? 'controller' : 'compute',
    };
  });
}

/** As its firmware says who it is. */
export function identityOf({ mac, serial, board }: ManyNode): BoardIdentity {
  return { board, mac: mac as MacAddress, serial: serial as Serial, revision: 0xd03115, eeprom: '2026-08-04' };
}

const hexByte = (value: number) => value.toString(16).padStart(2, '0');
