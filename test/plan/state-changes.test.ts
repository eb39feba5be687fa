import { describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { emptyState, type State } from '../../src/model/state.ts';
import { forgetBoards, learnMac, replaceNodes, seeBoards } from '../../src/plan/state-changes.ts';
import { sampleNode } from '../support/sample-view.ts';

const mac = parseMac('dc:a6:32:00:00:99');
const login = sampleNode('login');
const knows: State = learnMac(replaceNodes(emptyState, [login]), 'login', mac);

describe('a MAC that was learned', () => {
  test.each<[string, readonly NodeSpec[], Record<string, string>]>([
    ['stays while the serial is the same', [{ ...login, role: 'compute' }], { login: mac }],
    ['goes with another serial', [{ ...login, serial: '20000000' as never }], {}],
    ['goes when the owner writes one', [{ ...login, mac: parseMac('dc:a6:32:00:00:98') }], {}],
    ['goes with the node', [sampleNode('node01')], {}],
    ['goes when another node is given it', [login, { ...sampleNode('node01'), mac }], {}],
  ])('%s', (_name, nodes, expected) => {
    expect(replaceNodes(knows, nodes).learnedMacs).toEqual(expected);
  });
});

describe('an unknown board', () => {
  const board = { mac, address: parseIpv4('10.42.0.200') };

  test('keeps its first time', () => {
    const seen = seeBoards(seeBoards(emptyState, [board], 1000), [board], 2000);

    expect(seen.unknownBoards).toEqual([{ ...board, firstSeenMs: 1000, lastSeenMs: 2000, poweredOnMs: 1000 }]);
  });

  test('loses an address that another board was given', () => {
    const other = { mac: parseMac('dc:a6:32:00:00:98'), address: board.address };

    expect(seeBoards(seeBoards(emptyState, [board], 1000), [other], 2000).unknownBoards).toMatchObject([other]);
    expect(seeBoards(emptyState, [board, other], 2000).unknownBoards).toMatchObject([other]);
  });

  test('keeps the address that it moved to when another gets its old one', () => {
    const moved = { mac, address: parseIpv4('10.42.0.201') };
    const other = { mac: parseMac('dc:a6:32:00:00:98'), address: board.address };

    expect(seeBoards(emptyState, [board, moved, other], 1000).unknownBoards).toMatchObject([moved, other]);
  });

  test('is forgotten after a silent day', () => {
    const seen = seeBoards(emptyState, [board], 1000);

    expect(forgetBoards(seen, 1000 + 86_399_999)).toBe(seen);
    expect(forgetBoards(seen, 1000 + 86_400_000).unknownBoards).toEqual([]);
  });

  test('is unknown no more when it is a node by its MAC or by its serial', () => {
    const seen = seeBoards(replaceNodes(emptyState, [login]), [board], 1000);

    expect(learnMac(seen, 'login', mac).unknownBoards).toEqual([]);
    expect(replaceNodes(seen, [{ ...login, mac }]).unknownBoards).toEqual([]);
  });
});
