/** A small Debian archive with a key of its own, served on loopback. Its packages are no real ones, unless they are given. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const runProgram = promisify(execFile);
const sha256 = (content: Content) => createHash('sha256').update(content).digest('hex');

type Content = string | Uint8Array;

export interface ArchivePackage {
  readonly name: string;
  readonly version: string;
  /** `arm64` unless given. */
  readonly architecture?: 'all';
  /** More fields of its stanza: `Depends: x`. */
  readonly fields?: readonly string[];
  /** Where somebody installs it. */
  readonly deb?: Uint8Array;
}

export interface SignedArchive {
  readonly url: string;
  readonly host: string;
  readonly keyring: string;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  /** These take the place of its packages, signed again. */
  readonly publish: (packages: readonly ArchivePackage[]) => Promise<void>;
  /** Changes what is served under a path. */
  readonly damage: (pathEnd: string) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export async function makeSignedArchive(
  suites: readonly string[],
  components: readonly string[],
  packages: readonly ArchivePackage[],
): Promise<SignedArchive> {
  const dir = await mkdtemp(path.join(tmpdir(), 'signed-archive-'));
  const served = new Map<string, Content>();
  const publish = async (all: readonly ArchivePackage[]) => {
    const index = all.map((each) => addPackage(served, each)).join('\n');
    for (const suite of suites) {
      const release = addIndexes(served, suite, components, index);
      served.set(`/dists/${suite}/InRelease`, await sign(path.join(dir, 'gpg'), release));
    }
  };
  await publish(packages);
  const keyring = path.join(dir, 'archive.gpg');
  await gpg(path.join(dir, 'gpg'), ['--output', keyring, '--export']);
  const requests: string[] = [];
  const server = await serve(served, requests);
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await promisify(server.close.bind(server))();
  };
  const damage = (pathEnd: string) => {
    for (const [name, content] of served) {
      if (name.endsWith(pathEnd)) served.set(name, content.toString().toUpperCase());
    }
    return Promise.resolve();
  };
  const remove = async () => {
    await stop();
    await runProgram('gpgconf', ['--homedir', path.join(dir, 'gpg'), '--kill', 'gpg-agent']).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  };
  return { url: `http://${host}/`, host, keyring, requests, publish, damage, stop, remove };
}

/** @returns its stanza */
function addPackage(served: Map<string, Content>, given: ArchivePackage): string {
  const { name, version, architecture = 'arm64', fields = [], deb } = given;
  const file = `pool/${name}_${version}_${architecture}.deb`;
  const content = deb ?? `not a package, but the bytes of ${name} ${version}\n`;
  served.set(`/${file}`, content);
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: nobody <nobody@example.org>',
    ...fields,
    `Filename: ${file}`,
    `Size: ${content.length}`,
    `SHA256: ${sha256(content)}`,
    `Description: ${name}`,
    '',
  ].join('\n');
}

/** @returns the text of the Release file */
function addIndexes(served: Map<string, Content>, suite: string, components: readonly string[], index: string): string {
  const lines = components.map((component, position) => {
    const name = `${component}/binary-arm64/Packages`;
    const content = position === 0 ? index : '';
    served.set(`/dists/${suite}/${name}`, content);
    return ` ${sha256(content)} ${content.length} ${name}`;
  });
  return [
    `Origin: test`,
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    'Date: Sat, 21 Nov 2026 08:00:00 UTC',
    'Architectures: arm64',
    `Components: ${components.join(' ')}`,
    'SHA256:',
    ...lines,
    '',
  ].join('\n');
}

async function sign(home: string, text: string): Promise<string> {
  const file = path.join(home, 'Release');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const key = ['--passphrase', '', '--quick-generate-key', 'throw-away <nobody@example.org>', 'ed25519', 'sign', '0'];
  if ((await gpg(home, ['--list-secret-keys'])) === '') await gpg(home, key);
  await writeFile(file, text);
  await gpg(home, ['--yes', '--clearsign', '--output', `${file}.signed`, file]);
  return readFile(`${file}.signed`, 'utf8');
}

async function gpg(home: string, args: readonly string[]): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { stdout } = await runProgram('gpg', ['--homedir', home, '--batch', '--quiet', ...args]);
  return stdout;
}

async function serve(served: ReadonlyMap<string, Content>, requests: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '').replace(/^\/+/, '/'));
    requests.push(name);
    const content = served.get(name);
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
