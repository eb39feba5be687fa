/**
 * A program: one board that boots to `ready` and never gives up, however often its storage node dies under it, and a second
 * one that nobody knows. Every line of stdout is one thing that the storage node has said to them.
 * Argument: the JSON of a ChaosBoard.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { Ipv4Address } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { Serial } from '../../src/model/serial.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { BoardDhcp } from './board-dhcp.ts';
import { BoardSteps, patiently } from './board-steps.ts';
import type { BoardFact, ChaosBoard } from './chaos-facts.ts';

const { server, interface: device, node, stranger } = JSON.parse(process.argv[2] ?? '') as ChaosBoard;
const identity = ({ mac, serial }: ChaosBoard['node']): BoardIdentity => {
  return { board: 'pi4', mac: parseMac(mac), serial: serial as Serial, revision: 0xd03115, eeprom: '2026-08-04' };
};
const tell = (fact: BoardFact) => process.stdout.write(`${JSON.stringify(fact)}\n`);
const steps = new BoardSteps(server, tell);

async function boot(): Promise<void> {
  const address = await takeAddresses();
  const { token } = await steps.loadFiles(address);
  const key = await steps.startSystem(token);
  await steps.report(key, 'ready');
  await patiently(() => steps.post('heartbeat', key, { phase: 'ready', uptime: '20', load: '0.1' }));
  tell({ kind: 'done' });
}

async function takeAddresses(): Promise<Ipv4Address> {
  await ip('route', 'replace', 'default', 'dev', device);
  const dhcp = await BoardDhcp.open();
  const unknown = await dhcp.acknowledged(identity(stranger), 1, 500);
  tell({ kind: 'offer', mac: stranger.mac, address: unknown.address });
  const { address } = await dhcp.lease(identity(node), 2, 500);
  tell({ kind: 'offer', mac: node.mac, address });
  dhcp.close();
  await ip('address', 'replace', `${address}/24`, 'dev', device);
  return address;
}

async function ip(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('ip', args);
}

try {
  await boot();
} catch (error) {
  tell({ kind: 'stuck', reason: error instanceof Error ? error.message : String(error) });
}
