/** Beside a server that gives the addresses: who is told where to boot from, and what the others' messages tell. */
import { describe, expect, test } from 'vitest';

import type { DhcpSite } from '../../src/plan/dhcp-client.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import type { MessageType } from '../../src/wire/dhcp-options.ts';
import { ask, firmwareClass, serialOption, type Ask } from '../support/dhcp-client.ts';
import { decide, network, node02, site, stranger, words } from '../support/dhcp-site.ts';
import { readVectors } from '../support/vectors.ts';

const at: DhcpSite = { ...site, network: network({ dhcp: 'proxy', pool: undefined }) };
const firmware = { vendorClass: firmwareClass };
const elsewhere = { server: '10.42.0.254', requested: '10.42.0.77' };

describe('of what is said', () => {
  test.each<[string, MessageType | undefined, Ask, string]>([
    [
      'a DISCOVER of a node’s firmware is answered',
      'discover',
      { mac: node02, ...firmware },
      'offer 0.0.0.0 to node02+boot at 255.255.255.255:68',
    ],
    [
      'a DISCOVER of another Pi is answered',
      'discover',
      { mac: stranger, ...firmware },
      'offer 0.0.0.0 to unknown at 255.255.255.255:68',
    ],
    [
      'one of an operating system is not',
      'discover',
      { mac: node02 },
      'ignore: it is no firmware that loads files from here, and another server gives the addresses',
    ],
    [
      'a REQUEST tells which address a node has',
      'request',
      { mac: node02, ...elsewhere },
      'elsewhere: it has 10.42.0.77 from the DHCP server 10.42.0.254',
    ],
    [
      'a REQUEST of a Pi that is no node tells the same',
      'request',
      { mac: stranger, ...elsewhere, options: [serialOption('0000abcd')] },
      'elsewhere: it has 10.42.0.77 from the DHCP server 10.42.0.254',
    ],
    [
      'a REQUEST of any other machine tells nothing',
      'request',
      { mac: stranger, ...elsewhere },
      'ignore: it chose the DHCP server 10.42.0.254',
    ],
    [
      'a renewal is not ours',
      'request',
      { mac: node02, ciaddr: '10.42.0.12' },
      'ignore: another server gives the addresses here',
    ],
    [
      'INFORM is not ours',
      'inform',
      { mac: node02, ciaddr: '10.42.0.12' },
      'ignore: another server gives the addresses here',
    ],
    ['BOOTP is not ours', undefined, { mac: node02 }, 'ignore: another server gives the addresses here'],
  ])('%s', (_name, type, of, expected) => {
    expect(words(decide(ask(type, of), at))).toBe(expected);
  });
});

test('the answer says where to boot from, and nothing of an address', () => {
  const decision = decide(decodeDhcp(readVectors('pi4-2026-08-04').packet('discover')), at);

  if (decision.kind !== 'answer') throw new Error(words(decision));
  expect(decision.reply).toMatchObject({ yiaddr: '0.0.0.0', siaddr: '10.42.0.1', ciaddr: '0.0.0.0' });
  expect([...decision.reply.options.keys()]).toEqual([53, 54, 43, 66, 60, 97]);
  expect(decision.delayMs).toBe(0);
});

test('the address that a REQUEST names is told with its board', () => {
  const request = ask('request', { mac: stranger, ...elsewhere, options: [serialOption('0000abcd')] });

  expect(decide(request, at)).toMatchObject({
    who: { kind: 'unknown', board: { mac: stranger, address: '10.42.0.77', serial: '0000abcd' } },
  });
});

test.each<[string, object, number]>([
  ['a second later', {}, 1000],
  ['at once where its owner says so', { pi3Delay: '0s' }, 0],
  ['later where its owner says so', { pi3Delay: '2s' }, 2000],
])('a Pi 3 is answered %s', (_name, changes, delayMs) => {
  const discover = decodeDhcp(readVectors('pi3-rom').packet('discover'));
  const beside = { ...site, network: network({ dhcp: 'proxy', ...changes }) };

  expect(decide(discover, beside)).toMatchObject({ delayMs });
  expect(decide(discover, { ...site, network: network(changes) })).toMatchObject({
    delayMs: 'pi3Delay' in changes ? delayMs : 0,
  });
});

test('a Pi 3 gets the text of its menu with three spaces behind it, and everybody else without', () => {
  const menu = (vector: string) => {
    const decision = decide(decodeDhcp(readVectors(vector).packet('discover')), at);
    return decision.kind === 'answer' ? Buffer.from(decision.reply.options.get(43) ?? []).toString('latin1') : '';
  };

  expect(menu('pi3-rom')).toContain('Raspberry Pi Boot   \u00ff');
  expect(menu('pi4-2026-08-04')).toContain('Raspberry Pi Boot\u00ff');
});
