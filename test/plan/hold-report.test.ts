import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { emptyState, State, type UnknownBoard } from '../../src/model/state.ts';
import { noteHold, readHoldReport, type HoldFacts } from '../../src/plan/hold-report.ts';
import { sampleNodes } from '../support/sample-view.ts';

const mac = parseMac('dc:a6:32:aa:bb:cc');
const form = {
  mac: 'DC:A6:32:AA:BB:CC',
  serial: '1234ABCD',
  board: 'pi4',
  memory: '3792',
  model: 'Raspberry Pi 4 Model B Rev 1.4',
  port: 'sw1 port 7',
};

test('a report is read as a hold boot sends it', () => {
  expect(readHoldReport(form)).toEqual({
    mac,
    facts: { serial: '1234abcd', board: 'pi4', memoryMib: 3792, model: form.model, switchPort: 'sw1 port 7' },
  });
});

test('what is missing or no such thing is left out', () => {
  const odd = { mac: form.mac, serial: '', board: 'amiga', memory: '-1', model: ['a', 'b'], port: ' \n ' };

  expect(readHoldReport(odd)).toEqual({ mac, facts: {} });
  expect(readHoldReport({ ...form, mac: 'dc:a6:32' })).toBeUndefined();
  expect(readHoldReport(undefined)).toBeUndefined();
});

test('what could play with a terminal is removed, and what is long is cut', () => {
  const read = readHoldReport({ ...form, model: '\u001B[2JPi\u0000 4\u202Eevil', port: 'x'.repeat(5000) });

  expect(read?.facts.model).toBe('[2JPi 4evil');
  expect(read?.facts.switchPort).toHaveLength(100);
});

test('whatever is sent, the state takes it', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()), fc.constant(undefined));
  const forms = fc.record({ serial: text, board: text, memory: text, model: text, port: text });
  fc.assert(
    fc.property(forms, (sent) => {
      const report = readHoldReport({ ...sent, mac: form.mac });
      if (report === undefined) throw new Error('it was refused');
      const noted = noteHold({ ...emptyState, unknownBoards: [waiting] }, report, 2000);
      expect(State.safeParse(noted).success).toBe(true);
    }),
  );
});

const waiting: UnknownBoard = { mac, address: parseIpv4('10.42.0.200'), firstSeenMs: 1000, lastSeenMs: 1000 };

describe('what is noted', () => {
  const note = (facts: HoldFacts, before: UnknownBoard = waiting, nowMs = 2000) =>
    noteHold({ ...emptyState, nodes: [...sampleNodes()], unknownBoards: [before] }, { mac, facts }, nowMs)
      .unknownBoards[0];

  test('is what the board says of itself', () => {
    const facts: HoldFacts = { serial: parseSerial('1234abcd'), board: 'pi4', model: 'Pi 4', memoryMib: 3792 };

    expect(note(facts)).toEqual({ ...waiting, ...facts, poweredOnMs: 1000, lastSeenMs: 2000 });
  });

  test('is never another serial or family than DHCP has seen', () => {
    const before = { ...waiting, serial: parseSerial('aaaaaaaa'), board: 'pi5' };

    expect(note({ serial: parseSerial('1234abcd'), board: 'pi4' }, before)).toMatchObject({
      serial: 'aaaaaaaa',
      board: 'pi5',
    });
  });

  test("is not a node's serial", () => {
    expect(note({ serial: parseSerial('9ffefdef') })?.serial).toBeUndefined();
  });

  test('is not written again, but once a minute that it is there', () => {
    const state = { ...emptyState, unknownBoards: [{ ...waiting, model: 'Pi 4', poweredOnMs: 1000 }] };
    const report = { mac, facts: { model: 'Pi 4' } };

    expect(noteHold(state, report, 60_000)).toBe(state);
    expect(noteHold(state, report, 61_000).unknownBoards[0]?.lastSeenMs).toBe(61_000);
    expect(noteHold(state, { mac: parseMac('dc:a6:32:00:00:77'), facts: {} }, 61_000)).toBe(state);
  });

  test('begins anew after minutes of silence: it was off', () => {
    expect(note({}, { ...waiting, poweredOnMs: 1000 }, 182_000)?.poweredOnMs).toBe(182_000);
  });
});
