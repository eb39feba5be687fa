/**
 * A program: one board that boots, runs, and boots again whenever it is told to, for as long as its storage node lives or
 * comes back. No kernel is in it: it says what a node says. Argument: the JSON of a LightBoard.
 */
import { execFile } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { parseMac } from '../../src/model/mac.ts';
import type { Serial } from '../../src/model/serial.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { BoardDhcp } from './board-dhcp.ts';
import { BoardSteps } from './board-steps.ts';
import type { LightBoard } from './operation-site.ts';

const { server, interface: device, mac, serial, upFile, bad } = JSON.parse(process.argv[2] ?? '') as LightBoard;
const identity: BoardIdentity = {
  board: 'pi4',
  mac: parseMac(mac),
  serial: serial as Serial,
  revision: 0xd03115,
  eeprom: '2026-08-04',
};
const steps = new BoardSteps(server, () => undefined);

/** A service looks every two seconds, and is to see it on its way. */
const startMs = 2500;
const lookMs = 100;
const looksPerHeartbeat = 10;

async function takeAddress(): Promise<string> {
  await promisify(execFile)('ip', ['address', 'flush', 'dev', device]);
  await promisify(execFile)('ip', ['route', 'replace', 'default', 'dev', device]);
  const dhcp = await BoardDhcp.open();
  const { address } = await dhcp.lease(identity, 1, 500);
  dhcp.close();
  await promisify(execFile)('ip', ['address', 'replace', `${address}/24`, 'dev', device]);
  return address;
}

async function boot(): Promise<void> {
  const { token, commandLine } = await steps.loadFiles(await takeAddress());
  const key = await steps.startSystem(token);
  await sleep(startMs);
  const isBad = new RegExp(bad).test(commandLine);
  const [phase, detail] = isBad ? ['failed', 'sick.service: no such disk'] : ['ready', ''];
  await steps.report(key, phase, { detail });
  // Its sshd is up: whoever tells it to reboot takes the file away.
  await writeFile(upFile, '');
  for (let looks = 0; await isThere(upFile); looks += 1) {
    const form = { phase, detail, uptime: '20', load: '0.1' };
    if (looks % looksPerHeartbeat === 0) await steps.post('heartbeat', key, form).catch(() => undefined);
    await sleep(lookMs);
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

for (;;) await boot();
