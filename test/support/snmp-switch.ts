/** A PoE switch: Debian's snmpd with the tables of one, and a port that can be switched. Needs the programs of peers. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { onTestFinished } from 'vitest';

import { openSnmp, type SnmpAgent } from '../../src/host/snmp.ts';

const script = path.join(import.meta.dirname, 'snmp-switch.pl');
const trees = ['.1.3.6.1.2.1.105', '.1.3.6.1.2.1.17', '.1.3.6.1.2.1.31.1.1.1.1', '.1.0.8802.1.1.2'];

export interface SwitchModel {
  /** Power ports, by number. */
  readonly ports: Readonly<Record<number, 'on' | 'off'>>;
  readonly macs?: Readonly<Record<number, readonly string[]>>;
  /** Ports with a neighbour that says it is a bridge, and what it calls itself. */
  readonly bridges?: Readonly<Record<number, string>>;
  readonly watts?: number;
  readonly usedWatts?: number;
  /** VLAN of the forwarding table; without one it is the table of BRIDGE-MIB. */
  readonly vlan?: number;
}

interface SwitchOrder {
  readonly atMs: number;
  readonly port: number;
  readonly wanted: 'on' | 'off';
}

export interface SnmpSwitch {
  readonly port: number;
  readonly dir: string;
  readonly communityFile: string;
  readonly authFile: string;
  readonly privacyFile: string;
  /** v2c with the right community. */
  readonly agent: SnmpAgent;
  readonly model: (model: SwitchModel) => Promise<void>;
  /** `1 2 ` of port 1 being switched off: in the order in which orders came, with their time. */
  readonly sets: () => Promise<SwitchOrder[]>;
  /** A file that changes how it behaves: `deaf` takes orders and does nothing, `locked` takes none. */
  readonly behave: (how: 'deaf' | 'locked', isSo: boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** Where it answers, and what stands before its command line where that is another network than ours. */
interface SwitchPlace {
  readonly address: string;
  readonly port: number;
  readonly enter: readonly string[];
}

export const switchUser = 'pi-image';
export const switchSecrets = { community: 'Sesame-v2c', auth: 'Sesame-auth', privacy: 'Sesame-privacy' };

/** On this machine, until the test ends. */
export async function snmpSwitch(model: SwitchModel): Promise<SnmpSwitch> {
  const { close, ...made } = await openSnmpSwitch(model, {
    address: '127.0.0.1',
    port: await freeUdpPort(),
    enter: [],
  });
  onTestFinished(close);
  await answers(made.agent);
  return made;
}

/** @returns before it answers */
export async function openSnmpSwitch(
  model: SwitchModel,
  { address, port, enter }: SwitchPlace,
): Promise<SnmpSwitch & { readonly close: () => Promise<void> }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'switch-'));
  const file = (name: string) => path.join(dir, name);
  await writeModel(dir, model);
  await writeFile(file('snmpd.conf'), snmpdConf(dir, { address, port }));
  const { community, auth, privacy } = switchSecrets;
  for (const [name, text] of Object.entries({ community, auth, privacy })) {
    await writeFile(file(name), `${text}\n`, { mode: 0o600 });
  }
  await chmod(script, 0o755);
  await mkdir(file('persistent'));
  const agent: SnmpAgent = { host: address, port, access: { community }, timeoutMs: 3000 };
  let daemon: ReturnType<typeof spawn> | undefined;
  const begin = () => {
    const args = ['-f', '-Lf', file('log'), '-C', '-c', file('snmpd.conf'), '-I', '-ifXTable', '-p', file('pid')];
    const [program = '', ...all] = [...enter, 'snmpd', ...args];
    const env = { ...process.env, SNMP_PERSISTENT_DIR: file('persistent') };
    daemon = spawn(program, all, { env, stdio: 'ignore' });
  };
  const stop = async () => {
    if (daemon?.exitCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await ended;
  };
  begin();
  return {
    port,
    dir,
    communityFile: file('community'),
    authFile: file('auth'),
    privacyFile: file('privacy'),
    agent,
    model: (next) => writeModel(dir, next),
    sets: () => readSets(file('sets')),
    behave: (how, isSo) => (isSo ? writeFile(file(how), '') : rm(file(how), { force: true })),
    stop,
    start: () => {
      begin();
      return answers(agent);
    },
    close: async () => {
      await stop();
      await rm(dir, { recursive: true });
    },
  };
}

async function readSets(file: string): Promise<SwitchOrder[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [at = '', where = '', value = ''] = line.split(' ');
    return { atMs: Number(at) * 1000, port: Number(where.split('.')[1]), wanted: value === '1' ? 'on' : 'off' };
  });
}

function snmpdConf(dir: string, { address, port }: Pick<SwitchPlace, 'address' | 'port'>): string {
  const { community, auth, privacy } = switchSecrets;
  return [
    `agentAddress udp:${address}:${port}`,
    `rwcommunity ${community}`,
    'rocommunity readonly',
    `createUser ${switchUser} SHA "${auth}" AES "${privacy}"`,
    `rwuser ${switchUser} authPriv`,
    ...trees.map((tree) => `pass_persist ${tree} ${script} ${dir}`),
    '',
  ].join('\n');
}

/** Its scripts start with the first question, so all of them are asked once. */
async function answers(agent: SnmpAgent): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const session = openSnmp(agent);
    try {
      for (const tree of trees) await session.walk(tree.slice(1));
      return;
    } catch (error) {
      if (tries > 20) throw error;
      await sleep(200);
    } finally {
      session.close();
    }
  }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function writeModel(dir: string, model: SwitchModel): Promise<void> {
  const file = path.join(dir, 'rows');
  await writeFile(
    `${file}.new`,
    rowsOf(model)
      .map((row) => `.${row}\n`)
      .join(''),
  );
  await rename(`${file}.new`, file);
}

/** As `oid type value`. Bridge port, interface and power port of 7 are 7, 1007 and 7; the interface is called gi7. */
export function rowsOf({ ports, macs = {}, bridges = {}, watts = 120, usedWatts = 30, vlan }: SwitchModel): string[] {
  const power = '1.3.6.1.2.1.105.1';
  const bridge = '1.3.6.1.2.1.17';
  const lldp = '1.0.8802.1.1.2.1';
  const all = [...new Set([...Object.keys(ports), ...Object.keys(macs)])];
  return [
    `${power}.3.1.1.2.1 gauge ${watts}`,
    `${power}.3.1.1.4.1 gauge ${usedWatts}`,
    ...Object.entries(ports).flatMap(([port, state]) => [
      `${power}.1.1.3.1.${port} integer ${state === 'on' ? 1 : 2}`,
      `${power}.1.1.6.1.${port} integer ${state === 'on' ? 3 : 1}`,
    ]),
    ...all.flatMap((port) => [
      `${bridge}.1.4.1.2.${port} integer ${1000 + Number(port)}`,
      `1.3.6.1.2.1.31.1.1.1.1.${1000 + Number(port)} string gi${port}`,
      `${lldp}.3.7.1.2.${500 + Number(port)} integer 5`,
      `${lldp}.3.7.1.3.${500 + Number(port)} string gi${port}`,
    ]),
    ...Object.entries(macs).flatMap(([port, list]) =>
      list.flatMap((mac) => forwardingRows(bridge, Number(port), mac, vlan)),
    ),
    ...Object.entries(bridges).flatMap(([port, name]) => [
      `${lldp}.4.1.1.9.0.${500 + Number(port)}.1 string ${name}`,
      `${lldp}.4.1.1.12.0.${500 + Number(port)}.1 octet 20`,
    ]),
  ];
}

function forwardingRows(bridge: string, port: number, mac: string, vlan: number | undefined): string[] {
  const index = mac
    .split(':')
    .map((pair) => Number.parseInt(pair, 16))
    .join('.');
  const table = vlan === undefined ? `${bridge}.4.3.1` : `${bridge}.7.1.2.2.1`;
  const at = vlan === undefined ? index : `${vlan}.${index}`;
  return [`${table}.2.${at} integer ${port}`, `${table}.3.${at} integer 3`];
}
