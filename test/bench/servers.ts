/** The TFTP and DHCP servers of others that we are measured beside: unpacked into a folder, never installed, never started as services. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';

import { run, type Argv } from '../../src/host/process.ts';

const signal = AbortSignal.timeout(300_000);

/** tftpd-hpa and atftpd cannot be installed together, but lie side by side in a folder. */
const packages = [['dnsmasq-base'], ['tftpd-hpa'], ['atftpd'], ['kea-dhcp4-server']];

/** Programs that are installed are used as they are. */
export class OtherServers {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async unpack(dir: string): Promise<OtherServers> {
    const root = path.join(dir, 'servers');
    for (const names of packages) {
      const debs = path.join(dir, 'debs', ...names);
      const files = path.join(root, ...names);
      await mkdir(path.join(debs, 'partial'), { recursive: true });
      await mkdir(files, { recursive: true });
      const options = ['-o', `Dir::Cache::archives=${debs}/`, '-o', 'APT::Sandbox::User=root'];
      const flags = ['--quiet', '--yes', '--download-only', '--no-install-recommends'];
      await run(['apt-get', ...flags, ...options, 'install', ...names], { signal });
      for (const name of await readdir(debs)) {
        if (name.endsWith('.deb')) await run(['dpkg-deb', '-x', path.join(debs, name), files], { signal });
      }
    }
    return new OtherServers(root);
  }

  /** Runs it with the libraries that came with it. */
  argv(program: string, ...args: readonly string[]): Argv {
    // tftpd-hpa's in.tftpd is found before the one that atftpd brings.
    const at = (folder: string) => packages.map((names) => path.join(this.#root, ...names, folder));
    const programs = [...at('usr/sbin'), '/usr/sbin', '/usr/bin'].join(':');
    const libraries = [...at('usr/lib/x86_64-linux-gnu'), ...at('usr/lib/aarch64-linux-gnu')].join(':');
    return ['env', `PATH=${programs}`, `LD_LIBRARY_PATH=${libraries}`, program, ...args];
  }
}

/** Where they listen, and what they serve. */
export interface Place {
  readonly address: string;
  readonly folder: string;
  /** For files of their own. */
  readonly scratch: string;
}

export const tftpServers = {
  dnsmasq: (servers: OtherServers, { address, folder }: Place): Argv =>
    servers.argv(
      'dnsmasq',
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--port=0',
      '--user=root',
      '--pid-file=',
      '--enable-tftp',
      `--tftp-root=${folder}`,
      '--tftp-max=2000',
      `--listen-address=${address}`,
      '--bind-interfaces',
    ),
  'tftpd-hpa': (servers: OtherServers, { address, folder }: Place): Argv =>
    servers.argv('in.tftpd', '-L', '-a', `${address}:69`, '-u', 'root', '-s', folder),
  atftpd: (servers: OtherServers, { address, folder }: Place): Argv =>
    servers.argv(
      'atftpd',
      '--daemon',
      '--no-fork',
      '--maxthread',
      '2000',
      '--bind-address',
      address,
      '--port',
      '69',
      '--user',
      'root',
      '--group',
      'root',
      '--logfile',
      '/dev/null',
      '--verbose=0',
      folder,
    ),
} as const;
export type TftpServerName = keyof typeof tftpServers;
