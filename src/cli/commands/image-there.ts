/** Versions of images as the service of --server knows them: what they share on its disk it does not say. */
import { noSuchImage } from '../../plan/choose-image.ts';
import type { ApiServer } from '../api-client.ts';
import type { Schemas } from '../generated/api.ts';
import { renderListing, renderValue, type Listing, type OutputFormat } from '../output.ts';
import { megabytes } from '../store-facts.ts';
import { call } from '../typed-client.ts';

const listing: Listing<Schemas['Image']> = {
  columns: [
    { title: 'name', of: ({ name }) => name },
    { title: 'version', of: ({ version }) => version },
    { title: 'built', of: ({ builtAt }) => `${builtAt.slice(0, 16).replace('T', ' ')} UTC` },
    { title: 'boards', of: ({ boards }) => boards.join(',') },
    { title: 'size', of: ({ rootBytes }) => megabytes(rootBytes) },
    { title: 'used by', of: ({ usedBy }) => usedBy.join(', ') },
  ],
  name: ({ name, version }) => `${name}@${version}`,
  empty: 'there are no images yet; make one with "pi-image build debian-lite"',
};

export async function listThere(server: ApiServer, name: string | undefined, output: OutputFormat): Promise<string> {
  const versions = await call(server, 'GET /images');
  const wanted = versions.filter((each) => name === undefined || each.name === name);
  if (name !== undefined && wanted.length === 0) throw noSuchImage(name, new Set(versions.map((each) => each.name)));
  return renderListing(wanted, output, listing);
}

interface ShowOptions {
  readonly output: 'yaml' | 'json';
  readonly all?: boolean;
}

/** @throws ConfigError when there is no such version */
export async function showThere(server: ApiServer, reference: string, { output, all }: ShowOptions): Promise<string> {
  const [name = '', version = await newestThere(server, name)] = reference.split('@');
  const image = await call(server, 'GET /images/{name}/{version}', { path: { name, version } });
  return renderValue(all === true ? image : { ...image, packages: image.packages.length }, output);
}

/** Newest first is how they are listed. */
async function newestThere(server: ApiServer, name: string): Promise<string> {
  const versions = await call(server, 'GET /images');
  const newest = versions.find((each) => each.name === name);
  if (newest !== undefined) return newest.version;
  throw noSuchImage(name, new Set(versions.map((each) => each.name)));
}
