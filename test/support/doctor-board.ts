/** A board in the namespace beside the whole service, for tests of what the doctor says: firmware, initramfs and system, each broken on purpose. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { request } from '../../src/cli/api-client.ts';
import type { NodeDiagnosis } from '../../src/model/diagnosis.ts';
import type { PublicBoot } from '../../src/model/node-status.ts';
import { boardAddress, boardMac, ServeFixture, storageAddress } from './serve-fixture.ts';
import type { NamespaceProgram } from './namespaces.ts';

const project = path.resolve(import.meta.dirname, '../..');
const scripts = path.join(project, 'boot/initramfs/lib');

export const boardSerial = '9ffefdef';
export const node01 = {
  name: 'node01',
  serial: boardSerial,
  mac: boardMac,
  board: 'pi4',
  address: boardAddress,
  role: 'compute',
};

/** What a Pi 4 needs to come to its kernel. */
export const pi4Files = {
  'start4.elf': 40_000,
  'fixup4.dat': 5000,
  'bcm2711-rpi-4-b.dtb': 50_000,
  initramfs8: 100_000,
  'kernel8.img': 5_100_000,
};

export interface FirmwareOptions {
  readonly board?: 'pi3' | 'pi4' | 'pi5';
  readonly serial?: string;
  readonly eeprom?: string;
}

export class DoctorBoard {
  readonly site: ServeFixture;
  readonly #deadline: string;

  constructor(site: ServeFixture, deadline: string) {
    this.site = site;
    this.#deadline = deadline;
  }

  /** @param deadline of the role: a boot that is late fails some seconds later */
  static async open(deadline: string, files: Readonly<Record<string, number>> = pi4Files): Promise<DoctorBoard> {
    const site = new ServeFixture();
    await site.open();
    const board = new DoctorBoard(site, deadline);
    await board.writeCluster();
    await site.publish('20261121.2', 'second\n', files);
    await site.apply([node01]);
    return board;
  }

  /** A board that is there for one test, which may run beside others. */
  static async with(
    deadline: string,
    use: (board: DoctorBoard) => Promise<void>,
    files?: Readonly<Record<string, number>>,
  ): Promise<void> {
    const board = await DoctorBoard.open(deadline, files);
    try {
      await use(board);
    } finally {
      await board.close();
    }
  }

  writeCluster(more: Record<string, unknown> = {}): Promise<void> {
    const compute = { image: 'small', overlays: ['base'], deadline: this.#deadline };
    return this.site.writeCluster({ roles: { compute, other: { image: 'absent' } }, ...more });
  }

  /** The service, whose clock is ahead. @param offset as faketime(1) reads it */
  async serveLater(offset: string): Promise<NamespaceProgram> {
    const { net } = this.site;
    const ahead = ['env', 'LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1', `FAKETIME=${offset}`];
    const service = net.start('storage', [...ahead, ...this.site.argv('serve', '--no-time')]);
    await service.line(/part\.ready part=dhcp/);
    return service;
  }

  /** The virtual board's own firmware; its lines are what it did. */
  firmware({ board = 'pi4', serial = boardSerial, eeprom = '2026-08-04' }: FirmwareOptions = {}): NamespaceProgram {
    const revision = { pi3: '0xa02082', pi4: '0xd03115', pi5: '0xd04171' }[board];
    const out = path.join(this.site.dir, 'loaded');
    const who = ['--board', board, '--mac', boardMac, '--serial', serial, '--revision', revision, '--eeprom', eeprom];
    return this.site.net.start('board', [
      process.execPath,
      '--import',
      'tsx',
      path.join(project, 'src/cli/main.ts'),
      'rack',
      'firmware',
      ...who,
      '--out',
      out,
      '--interface',
      'end0',
    ]);
  }

  /** Runs it until it has what it starts, then cuts it off from the network as a kernel does that takes over. */
  async loadKernel(options: FirmwareOptions = {}): Promise<void> {
    const firmware = this.firmware(options);
    await firmware.line(/"start"/);
    await firmware.ended;
  }

  /** Packets as its firmware sends them, and nothing else that firmware does: see board-packets.ts. */
  async packets(...steps: readonly string[]): Promise<void> {
    const argv = [process.execPath, '--import', 'tsx', path.join(project, 'test/support/board-packets.ts'), ...steps];
    const isReading = steps.some((step) => step.startsWith('read'));
    if (isReading) await this.site.onBoard('ip', 'address', 'replace', `${boardAddress}/24`, 'dev', 'end0');
    await this.site.onBoard('ip', 'route', 'replace', 'default', 'dev', 'end0');
    await this.site.net.run('board', argv);
  }

  /**
   * The scripts of the initramfs, in the board's namespace and with the programs that it has, with the boot's token.
   * They fail as on a board, but for the restart. @param stubs replace what would touch this machine
   * @returns what they said on the console
   */
  async initramfs(script: string, stubs = ''): Promise<string> {
    const work = path.join(this.site.dir, 'initramfs');
    await rm(work, { recursive: true, force: true });
    await mkdir(path.join(work, 'root'), { recursive: true });
    const line = await this.site.onBoard('curl', '-sS', `tftp://${storageAddress}/cmdline.txt`);
    const token = /pi_image\.token=(\S+)/.exec(line)?.[1] ?? 'none';
    const file = path.join(work, 'init');
    const sources = (await readdir(scripts)).filter((name) => name.endsWith('.sh'));
    await writeFile(
      file,
      [
        ...sources.map((name) => `. '${scripts}/${name}'`),
        'for program in tar sha256sum udhcpc; do eval "$program() { busybox $program \\"\\$@\\"; }"; done',
        // Debian's busybox on amd64 crashes on -T, which stands behind -q.
        'wget() { [ "$2" != -T ] || { shift 3; set -- -q "$@"; }; busybox wget "$@"; }',
        'to_kernel_log() { echo "$1: $2"; }; sleep() { busybox sleep 0.1; }; restart() { exit 7; }; date() { :; }',
        `server=${storageAddress} http_port=80 nfs_port=2049 root=/images/small/20261121.2/root id=${boardSerial}`,
        `token='${token}' address=${boardAddress} card=end0 work='${work}' new_root='${work}/root'`,
        stubs,
        script,
        '',
      ].join('\n'),
    );
    return this.site.onBoard('sh', '-c', `busybox sh '${file}' 2>&1; true`);
  }

  async diagnosis(name = 'node01'): Promise<NodeDiagnosis | undefined> {
    const answer = await request(this.site.socket, 'GET', `/nodes/${name}/diagnosis`);
    return answer.kind === 'answer' ? (answer.body as NodeDiagnosis) : undefined;
  }

  /** `rule: cause` of what is wrong with a node. */
  async wrong(name = 'node01'): Promise<string | undefined> {
    const found = (await this.diagnosis(name))?.findings.find(({ severity }) => severity === 'wrong');
    return found && `${found.rule}: ${found.cause}`;
  }

  /** Waits until that is what is wrong. The service looks every five seconds. */
  says(words: string | RegExp, name = 'node01', timeoutMs = 25_000): Promise<void> {
    return until(words, async () => [String(await this.wrong(name))], timeoutMs);
  }

  /** Waits until that is among the notes. */
  notesThat(words: RegExp, timeoutMs = 25_000): Promise<void> {
    return until(words, () => this.notes(), timeoutMs);
  }

  async notes(name = 'node01'): Promise<string[]> {
    const findings = (await this.diagnosis(name))?.findings ?? [];
    return findings.filter(({ severity }) => severity === 'note').map(({ rule, cause }) => `${rule}: ${cause}`);
  }

  /** Newest first. */
  async boots(): Promise<readonly PublicBoot[]> {
    const answer = await request(this.site.socket, 'GET', '/nodes/node01/boots');
    return answer.kind === 'answer' ? (answer.body as PublicBoot[]) : [];
  }

  /** A switch with spanning tree between the two, which forwards after 4 s. Before the service starts. */
  async insertSwitch(): Promise<void> {
    const { net } = this.site;
    await this.site.onBoard('ip', 'link', 'delete', 'end0');
    await net.add('switch');
    await net.run('switch', [
      'ip',
      'link',
      'add',
      'bridge',
      'type',
      'bridge',
      'stp_state',
      '1',
      'forward_delay',
      '200',
    ]);
    await net.run('switch', ['ip', 'link', 'set', 'bridge', 'up']);
    const storage = { namespace: 'storage', interface: 'eth0', address: `${storageAddress}/24` };
    await net.cable(storage, { namespace: 'switch', interface: 'port0' });
    await net.cable(
      { namespace: 'board', interface: 'end0', mac: boardMac },
      { namespace: 'switch', interface: 'port1' },
    );
    for (const port of ['port0', 'port1']) await net.run('switch', ['ip', 'link', 'set', port, 'master', 'bridge']);
    await sleep(5000);
  }

  /** As a kernel does that takes the card over; the port forwards again after 30 s. */
  async flapSwitchPort(): Promise<void> {
    await sleep(3000);
    const { net } = this.site;
    await net.run('switch', ['ip', 'link', 'set', 'bridge', 'type', 'bridge', 'forward_delay', '1500']);
    for (const state of ['down', 'up']) await net.run('switch', ['ip', 'link', 'set', 'port1', state]);
  }

  /** Its deadline is over: what comes next begins another boot. */
  async untilClosed(): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      if ((await this.boots()).every(({ closed }) => closed !== undefined)) return;
      await sleep(500);
    }
    throw new Error('a boot is still open');
  }

  close(): Promise<void> {
    return this.site.close();
  }
}

async function until(words: string | RegExp, read: () => Promise<readonly string[]>, timeoutMs: number): Promise<void> {
  const fits = (text: string) => (typeof words === 'string' ? text.includes(words) : words.test(text));
  let last: readonly string[] = [];
  for (const endMs = Date.now() + timeoutMs; Date.now() < endMs; await sleep(300)) {
    last = await read();
    if (last.some(fits)) return;
  }
  throw new Error(`it does not say ${words}, but ${last.join('; ')}`);
}
