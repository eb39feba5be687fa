/** Pulls from a registry of container images: the read-only part of the OCI distribution specification 1.1. */
import { HostError } from '../model/errors.ts';
import { download, downloadedFile, isDownloaded } from './download.ts';

export interface PullRequest {
  /** `https://host/v2/name` */
  readonly url: string;
  readonly kind: 'manifests' | 'blobs';
  /** Hex. */
  readonly sha256: string;
  readonly folder: string;
  readonly onBytes?: (done: number, total: number | undefined) => void;
  readonly signal: AbortSignal;
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** @param tokenAddress reads what a 401 says @returns the file, whose sha256 was checked */
export async function pull(
  request: PullRequest,
  tokenAddress: (challenge: string) => string | undefined,
): Promise<string> {
  if (await isDownloaded(request)) return downloadedFile(request);
  const { kind, sha256 } = request;
  const url = `${request.url}/${kind}/sha256:${sha256}`;
  const accept = kind === 'manifests' ? { accept: manifestTypes } : {};
  const headers = { ...accept, ...(await authorize(url, accept, { ...request, tokenAddress })) };
  return download({ ...request, url, headers });
}

/** A token that the registry gives to everybody. Each lives for minutes only, so each file gets one of its own. */
async function authorize(
  url: string,
  headers: Readonly<Record<string, string>>,
  { signal, tokenAddress }: PullRequest & { tokenAddress: (challenge: string) => string | undefined },
): Promise<Readonly<Record<string, string>>> {
  const asked = await ask(url, { method: 'HEAD', headers, redirect: 'manual', signal });
  if (asked.status !== 401) return {};
  const address = tokenAddress(asked.headers.get('www-authenticate') ?? '');
  if (address === undefined) throw needsPassword(url);
  const answer = await ask(address, { signal });
  if (!answer.ok) throw needsPassword(url);
  const { token, access_token: other } = (await answer.json()) as { token?: unknown; access_token?: unknown };
  const found = token ?? other;
  if (typeof found !== 'string') throw new HostError(`${address} gave no token`);
  return { authorization: `Bearer ${found}` };
}

function needsPassword(url: string): HostError {
  return new HostError(`the registry wants a password: ${url}`, {
    hint: 'Only what everybody may pull is read. Save it with docker or podman, and name the archive.',
  });
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    const { cause } = error as Error;
    throw new HostError(`the registry cannot be reached: ${url}`, {
      cause: cause instanceof Error ? cause : error,
      hint: 'Look at the address and at the network.',
    });
  }
}
