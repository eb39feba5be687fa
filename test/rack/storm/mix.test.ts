/** Which boards a storm has. */
import { describe, expect, test } from 'vitest';

import { ipv4ToNumber } from '../../../src/model/ipv4.ts';
import { isInRange, parseIpv4Range, isHostInSubnet } from '../../../src/model/ipv4.ts';
import { readPiIdentity } from '../../../src/wire/pi-dhcp.ts';
import { decodeDhcp } from '../../../src/wire/dhcp-decode.ts';
import { discoverPacket } from '../../../src/rack/firmware-dhcp.ts';
import { lastFour } from '../../../src/rack/stack/frames.ts';
import { macToBytes } from '../../../src/model/mac.ts';
import { defaultMix, mostBoards, parseMix, planStorm, stormNetwork } from '../../../src/rack/storm/mix.ts';

const kinds = (text: string, count: number) => planStorm(count, parseMix(text)).map(({ kind }) => kind);

describe('a mix', () => {
  test('has its kinds take turns, each as often as its share', () => {
    expect(kinds('pi4:2,pi5', 6)).toEqual(['pi4', 'pi5', 'pi4', 'pi4', 'pi5', 'pi4']);
    expect(kinds('pi4@2019-12-03', 1)).toEqual(['pi4@2019-12-03']);
  });

  test('that is the default has every kind among the first ten', () => {
    expect(new Set(kinds(defaultMix, 10)).size).toBe(6);
  });

  test.each(['', 'pi9', 'pi4:0', 'pi4@2019', 'pi4:x', 'pi4,,pi5', 'uefi@x'])('"%s" is refused', (text) => {
    expect(() => parseMix(text)).toThrow(/is no kind of board/);
  });
});

describe('the largest storm', () => {
  const nodes = planStorm(mostBoards, parseMix(defaultMix));
  const distinct = (values: readonly unknown[]) => new Set(values).size;

  test('has no name, address, serial and MAC twice, nor the end of a MAC by which stations are told apart', () => {
    expect(distinct(nodes.map(({ name }) => name))).toBe(mostBoards);
    expect(distinct(nodes.map(({ address }) => address))).toBe(mostBoards);
    expect(distinct(nodes.map(({ identity }) => identity.serial))).toBe(mostBoards);
    expect(distinct(nodes.map(({ identity }) => lastFour(macToBytes(identity.mac), 2)))).toBe(mostBoards);
  });

  test('fits into its network, beside the pool', () => {
    const pool = parseIpv4Range(stormNetwork.pool);
    for (const { address } of nodes) {
      expect(isHostInSubnet(address, stormNetwork.storage) && !isInRange(address, pool)).toBe(true);
    }
    expect(ipv4ToNumber(nodes.at(-1)?.address ?? pool.first)).toBeLessThan(ipv4ToNumber(pool.first));
  });

  test('is made of boards that the service recognises', () => {
    for (const { identity } of nodes.slice(0, 10)) {
      const stage = identity.board === 'pi3' ? 1 : 0;
      const read = readPiIdentity(decodeDhcp(discoverPacket(identity, 1, stage)));
      expect(read).toMatchObject({ isPi: true, serial: identity.serial });
    }
  });
});
