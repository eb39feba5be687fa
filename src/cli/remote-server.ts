/** A service on another machine: `--server URL`, with a token, over TLS or a tunnel; and proof that it is the one. */
import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect } from 'node:tls';

import { pinOf } from '../host/key-pin.ts';
import { HostError, unreachable, UsageError } from '../model/errors.ts';

export interface RemoteServer {
  readonly url: URL;
  readonly token: string;
  readonly trust: Trust;
}

/** How the server is known: by an issuer that this machine trusts, by one that was named, or by its own key. */
type Trust =
  | { readonly kind: 'system' }
  | { readonly kind: 'issuer'; readonly pem: string }
  | { readonly kind: 'key'; readonly pin: string };

export interface RemoteFlags {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly fingerprint?: string;
}

/** @returns undefined without --server. @throws UsageError, HostError when there is no token */
export async function remoteServer(flags: RemoteFlags): Promise<RemoteServer | undefined> {
  const { server, tokenFile, caFile, fingerprint } = flags;
  if (server === undefined) return undefined;
  const url = parseServer(server);
  if (url.protocol === 'http:' && (caFile ?? fingerprint) !== undefined) {
    throw new UsageError('--ca-file and --fingerprint go with https:// only', { hint: 'Write --server https://...' });
  }
  return { url, token: await readToken(tokenFile), trust: await readTrust(caFile, fingerprint) };
}

/** @param route with /api/v1 */
export function openRemote(
  { url, trust }: RemoteServer,
  route: string,
  options: RequestOptions,
  take: (incoming: IncomingMessage) => void,
): ClientRequest {
  const target = new URL(route, url);
  if (target.protocol === 'http:') return httpRequest(target, options, take);
  switch (trust.kind) {
    case 'system':
      return httpsRequest(target, options, take);
    case 'issuer':
      return httpsRequest(target, { ...options, ca: trust.pem }, take);
    case 'key':
      return httpsRequest(
        target,
        { ...options, createConnection: connectTo(target, trust.pin, options.timeout) },
        take,
      );
    default:
      return unreachable(trust);
  }
}

/** Nothing is sent, the token least of all, before the key is seen to be the one. */
function connectTo(url: URL, pin: string, timeoutMs = 0): NonNullable<RequestOptions['createConnection']> {
  return (_options, done) => {
    const host = url.hostname.replaceAll(/[[\]]/g, '');
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({
      host,
      port: Number(url.port || 443),
      rejectUnauthorized: false,
      timeout: timeoutMs,
      ...name,
    });
    const fail = (error: Error) => {
      socket.destroy();
      done(error, socket);
    };
    socket.once('error', fail);
    const giveUp = () => fail(new Error(`no answer within ${timeoutMs / 1000} s`));
    socket.once('timeout', giveUp);
    socket.once('secureConnect', () => {
      const found = socket.getPeerX509Certificate();
      const isKnown = found !== undefined && pinOf(found) === pin;
      if (!isKnown) return fail(stranger(url, found));
      socket.off('error', fail).off('timeout', giveUp);
      done(null, socket);
    });
    // Handed over by `done`.
    return undefined;
  };
}

function stranger(url: URL, found: X509Certificate | undefined): HostError {
  const shown = found === undefined ? 'no certificate' : pinOf(found);
  return new HostError(`${url.origin} is not the service with that fingerprint: it shows ${shown}`, {
    hint: 'Compare it with what "pi-image api" says on the storage node. Nothing was sent.',
  });
}

const loopbackHosts = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  if (url?.protocol !== 'http:') {
    throw new UsageError(`"${text}" is not the address of a service`, {
      hint: 'Write it like https://192.168.1.5:8443, or http://127.0.0.1:8443 on the storage node.',
    });
  }
  if (loopbackHosts.test(url.hostname)) return url;
  throw new UsageError(`${url.origin} would be sent the token in the clear`, {
    hint: `Write https:// (see "pi-image api"), or take a tunnel: ssh -L 8443:127.0.0.1:8443 ${url.hostname}`,
  });
}

async function readTrust(caFile: string | undefined, fingerprint: string | undefined): Promise<Trust> {
  if (caFile !== undefined && fingerprint !== undefined) {
    throw new UsageError('--ca-file or --fingerprint, not both', { hint: 'The fingerprint alone is enough.' });
  }
  if (fingerprint !== undefined) {
    if (/^sha256\/\/[A-Za-z0-9+/]{43}=$/.test(fingerprint)) return { kind: 'key', pin: fingerprint };
    throw new UsageError(`"${fingerprint}" is not a fingerprint`, {
      hint: 'Take it from "pi-image api" on the storage node: sha256//, and 44 characters.',
    });
  }
  if (caFile === undefined) return { kind: 'system' };
  return { kind: 'issuer', pem: await readText(caFile, 'certificates') };
}

async function readToken(file: string | undefined): Promise<string> {
  if (file !== undefined) return (await readText(file, 'the token')).trim();
  throw new UsageError('--server needs --token-file', {
    hint: 'Make a token with "pi-image token create NAME --scope operate --out FILE" on the storage node.',
  });
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new HostError(`cannot read ${what} in ${file}`, { cause: error });
  }
}
