/** A storage node with DHCP, and clients on its network, as namespaces; what DHCP clients say is written down. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { DhcpPacket } from '../../src/wire/dhcp.ts';
import { decodeDhcp } from '../../src/wire/dhcp-decode.ts';
import { encodeDhcp } from '../../src/wire/dhcp-encode.ts';
import { capture, type Capture } from './capture.ts';
import type { DhcpServiceInput } from './dhcp-service.ts';
import { Namespaces, type NamespaceProgram } from './namespaces.ts';
import { bytes } from './vectors.ts';

export const dnsmasq = ['dnsmasq', '--no-daemon', '--port=0', '--conf-file=/dev/null', '--leasefile-ro'];

const script = (name: string) => path.resolve(import.meta.dirname, name);

export class DhcpNet {
  readonly net = new Namespaces();
  readonly scratch: string;
  readonly #input: DhcpServiceInput;

  private constructor(scratch: string, input: DhcpServiceInput) {
    this.scratch = scratch;
    this.#input = input;
  }

  static async open(input: DhcpServiceInput): Promise<DhcpNet> {
    return new DhcpNet(await mkdtemp(path.join(tmpdir(), 'pi-image-dhcp-')), input);
  }

  async close(): Promise<void> {
    await this.net.close();
    await rm(this.scratch, { recursive: true });
  }

  /** Cables each namespace's interface to one switch. */
  async switched(
    ends: readonly { namespace: string; interface: string; mac?: string; address?: string }[],
  ): Promise<void> {
    const { net } = this;
    await net.add('switch');
    await net.run('switch', ['ip', 'link', 'add', 'br0', 'type', 'bridge']);
    await net.run('switch', ['ip', 'link', 'set', 'br0', 'up']);
    for (const [at, end] of ends.entries()) {
      await net.add(end.namespace);
      await net.cable(end, { namespace: 'switch', interface: `port${at}` });
      await net.run('switch', ['ip', 'link', 'set', `port${at}`, 'master', 'br0']);
    }
  }

  async serve(changes: Partial<DhcpServiceInput> = {}): Promise<NamespaceProgram> {
    const input = JSON.stringify({ ...this.#input, ...changes });
    const service = this.net.start('server', [process.execPath, '--import', 'tsx', script('dhcp-service.ts'), input]);
    await service.line(/^ready$/);
    return service;
  }

  /** @returns what busybox udhcpc got, as `name=value` lines */
  async udhcpc(namespace: string, more: readonly string[] = []): Promise<string> {
    const [file, written] = [path.join(this.scratch, 'got.sh'), path.join(this.scratch, 'got.env')];
    await writeFile(file, `#!/bin/sh\n{ echo "event=$1"; env; } >> ${written}\nexit 0\n`, { mode: 0o755 });
    const argv = ['busybox', 'udhcpc', '-i', 'end0', '-f', '-n', '-q', '-t', '5', '-T', '2', '-s', file, ...more];
    await this.net.run(namespace, argv);
    return readFile(written, 'utf8');
  }

  /** Sends each packet, and waits a moment for what comes back. */
  async speak(
    namespace: string,
    packets: readonly DhcpPacket[],
    { port = 68, to = '255.255.255.255' } = {},
  ): Promise<{ readonly from: string; readonly packet: DhcpPacket }[]> {
    // From a socket that is bound to no address, a broadcast to all networks needs a route.
    if (to === '255.255.255.255') await this.net.run(namespace, ['ip', 'route', 'replace', to, 'dev', 'end0']);
    const hex = packets.map((packet) => Buffer.from(encodeDhcp(packet)).toString('hex'));
    const argv = [process.execPath, '--import', 'tsx', script('speak.ts'), String(port), to, '67', ...hex];
    const said = await this.net.run(namespace, argv);
    return said.split('\n').flatMap((line) => {
      const [, from, answer] = /^got (\S+) (\S+)$/.exec(line) ?? [];
      return from === undefined || answer === undefined ? [] : [{ from, packet: decodeDhcp(bytes(answer)) }];
    });
  }

  /** Writes down the DHCP that goes over an interface, until it is stopped. */
  capture(namespace: string, device: string): Promise<Capture> {
    const file = path.join(this.scratch, `${device}.pcapng`);
    return capture(this.net, { namespace, device, file, only: 'udp port 67 or udp port 68' });
  }
}
