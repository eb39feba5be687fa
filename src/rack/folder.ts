/** Where a rack keeps its things. Everything that must die with it lives in its namespaces, not here. */
import path from 'node:path';

import type { LoopFileSystem } from '../host/loop-file-system.ts';
import { ConfigError } from '../model/errors.ts';

export interface RackFolder {
  readonly dir: string;
  /** Its spec, and which process is it. */
  readonly record: string;
  readonly clusterYaml: string;
  readonly nodesYaml: string;
  readonly hosts: string;
  readonly sshConfig: string;
  /** Public half of the key that signs boot.img: in the EEPROM of each board that boots over HTTP. */
  readonly signingKey: string;
  /** State of the rack's own pi-image service. */
  readonly state: string;
  /** Sockets and pid files of that service: also reachable from outside of the rack. */
  readonly runtime: string;
  readonly shares: string;
  readonly controlSocket: string;
  readonly rackLog: string;
  readonly serviceLog: string;
}

/** Of a path in a socket's address: sun_path in unix(7) has 108 bytes with its final zero. */
const maxSocketPathBytes = 107;

export function rackFolder(dir: string): RackFolder {
  const at = (...parts: readonly string[]) => path.join(dir, ...parts);
  const folder: RackFolder = {
    dir,
    record: at('rack.json'),
    clusterYaml: at('cluster.yaml'),
    nodesYaml: at('nodes.yaml'),
    hosts: at('hosts'),
    sshConfig: at('ssh_config'),
    signingKey: at('boot-signing.pem'),
    state: at('state'),
    runtime: at('run'),
    shares: at('shares'),
    controlSocket: at('control.sock'),
    rackLog: at('logs', 'rack.log'),
    serviceLog: at('logs', 'service.log'),
  };
  if (Buffer.byteLength(at('run', 'api.sock')) > maxSocketPathBytes - 8) {
    throw new ConfigError(`${dir} is too long a path for the sockets in it`, {
      hint: 'Choose a shorter one with --dir, for example /var/tmp/rack.',
    });
  }
  return folder;
}

/** As "pi-image init" makes them; holes until something is written. A handle that a board forges reaches nothing else. */
export function rackFileSystems({ dir, state, shares }: RackFolder): LoopFileSystem[] {
  const gibibyte = 2 ** 30;
  const inFile = (name: string, mountPoint: string, sizeBytes: number): LoopFileSystem => {
    return { image: path.join(dir, `${name}.img`), mountPoint, label: `rack-${name}`, sizeBytes, isReserved: false };
  };
  return [
    inFile('exports', path.join(state, 'exports'), 8 * gibibyte),
    inFile('persistent', path.join(state, 'persistent'), 16 * gibibyte),
    inFile('shares', shares, 4 * gibibyte),
  ];
}

export interface BoardFolder {
  readonly dir: string;
  /** In its EEPROM where it boots over HTTP. */
  readonly signingKey: string;
  readonly consoleLog: string;
  /** What its firmware did, one JSON line each. */
  readonly firmwareLog: string;
  readonly kernel: string;
  readonly initramfs: string;
  readonly commandLine: string;
}

export function boardFolder(rack: RackFolder, name: string): BoardFolder {
  const dir = path.join(rack.dir, 'boards', name);
  return {
    dir,
    signingKey: rack.signingKey,
    consoleLog: path.join(dir, 'console.log'),
    firmwareLog: path.join(dir, 'firmware.log'),
    kernel: path.join(dir, 'kernel'),
    initramfs: path.join(dir, 'initramfs'),
    commandLine: path.join(dir, 'cmdline.txt'),
  };
}
