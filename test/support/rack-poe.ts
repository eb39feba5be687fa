/** A PoE switch for a rack that is up: snmpd at an address of the rack's own switch; a port that goes off pulls the plug of its board. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { NodeAnswer } from '../../src/api/actions.ts';
import { besideRack, rackSwitch } from './rack-switch.ts';
import type { SlurmRack } from './slurm-rack.ts';
import { openSnmpSwitch, type SnmpSwitch } from './snmp-switch.ts';

const address = '10.42.0.2';

export interface RackPoe {
  /** For `switches:` of cluster.yaml, as JSON. */
  readonly settings: string;
  /** `2 off`, as they came; one that was sent again stands there once. */
  readonly orders: () => Promise<string[]>;
  readonly sets: SnmpSwitch['sets'];
  readonly close: () => Promise<void>;
}

/** Port 1 feeds the first board, and so on. */
export async function openRackPoe(rack: SlurmRack, boards: readonly string[]): Promise<RackPoe> {
  const net = await besideRack(rack.dir);
  await net.run(rackSwitch, ['ip', 'address', 'add', `${address}/24`, 'dev', rackSwitch]);
  const nodes = (await rack.ask('/nodes')) as readonly NodeAnswer[];
  const macs = boards.map((board) => nodes.find(({ name }) => name === board)?.mac ?? '');
  const numbered = <T>(of: (mac: string) => T) => Object.fromEntries(macs.map((mac, index) => [index + 1, of(mac)]));
  const model = { ports: numbered(() => 'on' as const), macs: numbered((mac) => [mac]) };
  const sw = await openSnmpSwitch(model, { address, port: 161, enter: net.enter(rackSwitch) });
  const stop = new AbortController();
  const feeding = feed(rack, boards, { sets: sw.sets, signal: stop.signal });
  const settings = { driver: 'snmp', host: address, community: { file: sw.communityFile } };
  return {
    settings: JSON.stringify(settings),
    sets: sw.sets,
    orders: async () => {
      const all = (await sw.sets()).map(({ port, wanted }) => `${port} ${wanted}`);
      return all.filter((each, index) => each !== all[index - 1]);
    },
    close: async () => {
      stop.abort();
      await feeding;
      await sw.close();
      await net.close();
    },
  };
}

interface Feeding extends Pick<SnmpSwitch, 'sets'> {
  readonly signal: AbortSignal;
}

/** What the switch was told, the boards feel: off ends QEMU as a board loses power, on starts the firmware. */
async function feed(rack: SlurmRack, boards: readonly string[], { sets, signal }: Feeding): Promise<void> {
  let done = 0;
  while (!signal.aborted) {
    const orders = await sets();
    for (const { port, wanted } of orders.slice(done)) {
      await rack.control({ verb: 'power', action: wanted, names: [boards[port - 1] ?? ''] });
    }
    done = orders.length;
    await sleep(100);
  }
}
