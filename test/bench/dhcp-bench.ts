/** DHCP beside the servers of others, through a relay. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Argv } from '../../src/host/process.ts';
import type { NamespaceProgram } from '../support/namespaces.ts';
import { relayAddress, storageAddress, type BenchSite } from './bench-site.ts';
import type { OtherServers } from './servers.ts';

/** `reserved`: boards that are nodes. `pool`: boards that nobody knows. No server knows any when its round begins. */
export type DhcpContender = 'pi-image reserved' | 'pi-image pool' | 'kea' | 'dnsmasq';

export interface DhcpResult {
  readonly exchangesPerSecond: number;
  readonly failed: number;
  readonly twins: number;
  readonly clientTimeouts: number;
  readonly medianMs: number;
  readonly cpuMicrosecondsPerExchange: number;
}

interface LoadAnswer {
  readonly exchanges: number;
  readonly seconds: number;
  readonly failed: number;
  readonly twins: number;
  readonly clientTimeouts: number;
  readonly medianMs: number;
}

const outstanding = 32;
/** The families of boards that dhcp-load speaks for: serials of nodes begin with 10. */
const reservedFamily = '10';
const firstPoolFamily = 0x20;

export class DhcpBench {
  readonly #site: BenchSite;
  readonly #servers: OtherServers;
  readonly #load: string;
  #poolFamily = firstPoolFamily;

  constructor(site: BenchSite, servers: OtherServers, load: string) {
    this.#site = site;
    this.#servers = servers;
    this.#load = load;
  }

  async measure(contender: DhcpContender, boards: number): Promise<DhcpResult> {
    const server = await this.#start(contender);
    const load = () => this.#run(boards, contender === 'pi-image reserved' ? reservedFamily : this.#nextFamily());
    // A service runs for months: what its first second costs is not what is asked here.
    await load();
    const { result, cost } = await this.#site.cost(server, load);
    const { exchanges, seconds, ...told } = result;
    return {
      ...told,
      exchangesPerSecond: exchanges / seconds,
      cpuMicrosecondsPerExchange: (cost.cpuSeconds * 1e6) / exchanges,
    };
  }

  async #run(boards: number, family: string): Promise<LoadAnswer> {
    const argv = [this.#load, storageAddress, relayAddress, String(boards), String(outstanding), family];
    const program = this.#site.fixture.net.start('board', argv);
    await program.ended;
    return JSON.parse(program.lines.at(-1) ?? '') as LoadAnswer;
  }

  #nextFamily(): string {
    return (this.#poolFamily++).toString(16);
  }

  async #start(contender: DhcpContender): Promise<NamespaceProgram> {
    if (contender === 'pi-image reserved' || contender === 'pi-image pool') {
      await this.#site.forgetBoards();
      return this.#site.startPiImage();
    }
    const argv = contender === 'kea' ? await this.#keaArgv() : await this.#dnsmasqArgv();
    const server = this.#site.fixture.net.start('storage', argv);
    for (let attempt = 0; attempt < 100; attempt++) {
      const listed = await this.#site.fixture.net.run('storage', ['ss', '-Hlun', 'sport', '=', ':67']);
      if (listed.trim() !== '') return server;
      await sleep(100);
    }
    throw new Error(`${contender} does not listen: ${server.lines.join('\n')}`);
  }

  /** Its lease file is written for each lease and never synced: that is its default. */
  async #keaArgv(): Promise<Argv> {
    const { dir } = this.#site.fixture;
    const leases = path.join(dir, 'kea.leases');
    await rm(leases, { force: true });
    const options = [
      { name: 'vendor-encapsulated-options', 'csv-format': false, data: '060108', 'always-send': true },
      { name: 'tftp-server-name', data: storageAddress, 'always-send': true },
    ];
    const subnet = {
      id: 1,
      subnet: '10.42.0.0/16',
      pools: [{ pool: '10.42.16.1 - 10.42.191.250' }],
      interface: 'eth0',
    };
    const config = {
      Dhcp4: {
        'interfaces-config': { interfaces: ['eth0'], 'dhcp-socket-type': 'udp' },
        'lease-database': { type: 'memfile', persist: true, name: leases, 'lfc-interval': 0 },
        'multi-threading': { 'enable-multi-threading': false },
        'valid-lifetime': 3600,
        'option-data': options,
        subnet4: [subnet],
        loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] }],
      },
    };
    const file = path.join(dir, 'kea.json');
    await writeFile(file, JSON.stringify(config));
    const [env, ...rest] = this.#servers.argv('kea-dhcp4', '-c', file);
    return [env, `KEA_PIDFILE_DIR=${dir}`, 'KEA_LOCKFILE_DIR=none', ...rest];
  }

  async #dnsmasqArgv(): Promise<Argv> {
    const leases = path.join(this.#site.fixture.dir, 'dnsmasq.leases');
    await rm(leases, { force: true });
    return this.#servers.argv(
      'dnsmasq',
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--port=0',
      '--user=root',
      '--pid-file=',
      '--no-ping',
      '--interface=eth0',
      '--bind-interfaces',
      '--quiet-dhcp',
      '--dhcp-lease-max=100000',
      '--dhcp-range=10.42.16.1,10.42.191.250,255.255.0.0,1h',
      `--dhcp-leasefile=${leases}`,
      '--dhcp-option-force=43,Raspberry Pi Boot',
      `--dhcp-option-force=66,${storageAddress}`,
    );
  }
}
