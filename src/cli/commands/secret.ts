/** pi-image secret: what the cluster keeps to itself, and the key that signs boot.img. No private half is ever printed. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

import { Argument, type Command } from 'commander';

import { makeSigningKey, readSigningKey, signingKeyFile, type SigningKey } from '../../host/signing-key.ts';
import { signingSecret, type SecretSpec } from '../../model/cluster.ts';
import { ConfigError } from '../../model/errors.ts';
import type { Log } from '../../model/log.ts';
import { secretsOf } from '../../model/overlay-source.ts';
import type { ClusterView } from '../../model/view.ts';
import type { CliContext, Paths, RegisterCommand } from '../context.ts';
import { renderListing, withOutput, type Listing, type OutputFormat } from '../output.ts';
import { readView } from '../view.ts';
import { registerRotate } from './secret-rotate.ts';

export const registerSecret: RegisterCommand = (program, context) => {
  const secret = program.command('secret').summary('what the cluster keeps to itself');
  registerList(secret, context);
  registerShowPublic(secret, context);
  registerMake(secret, context);
  registerRotate(secret, { secretsDir: () => secretsDir(context.paths()), context });
};

interface SecretRow {
  readonly name: string;
  /** Where it comes from. */
  readonly source: string;
  readonly exists: boolean;
  readonly roles: readonly string[];
}

const listing: Listing<SecretRow> = {
  columns: [
    { title: 'name', of: ({ name }) => name },
    { title: 'source', of: ({ source }) => source },
    { title: 'there', of: ({ exists }) => (exists ? 'yes' : 'not yet') },
    { title: 'roles', of: ({ roles }) => roles.join(',') },
  ],
  name: ({ name }) => name,
  empty: 'there are no secrets',
};

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .summary('list secrets by name, and which roles have them')
    .description('Those of cluster.yaml are made when a node first needs them. What is in a secret is never shown.')
    .addHelpText('after', '\nExample:\n  pi-image secret list')
    .action(async ({ output }: { output: OutputFormat }) => {
      const paths = context.paths();
      const view = await readView(paths);
      context.stdout(renderListing(await secretRows(view, paths), output, listing));
    });
  withOutput(list);
}

async function secretRows(view: ClusterView, paths: Paths): Promise<SecretRow[]> {
  const { secrets, roles } = view.cluster;
  const own = await Promise.all(
    Object.entries(secrets).map(async ([name, spec]): Promise<SecretRow> => {
      const { file, source } = placeOf(name, spec, paths);
      return { name, source, exists: await isThere(file), roles: rolesWith(name, view) };
    }),
  );
  const signed = Object.keys(roles).filter((role) => roles[role]?.boot === 'signed');
  const key = signingKeyFile(secretsDir(paths));
  const source = 'made by "pi-image secret make"';
  const signing = { name: signingSecret, source, exists: await isThere(key), roles: signed };
  return [...own, signing, ...(await switchRows(view))];
}

/** What switches are asked with: no role has it, as no node gets it. */
function switchRows({ cluster }: ClusterView): Promise<SecretRow[]> {
  const files = Object.entries(cluster.switches).flatMap(([name, { community, auth, privacy }]) =>
    Object.entries({ community, auth, privacy }).flatMap(([what, secret]) =>
      secret === undefined ? [] : [{ name: `${name}.${what}`, file: secret.file }],
    ),
  );
  return Promise.all(
    files.map(async ({ name, file }) => ({ name, source: file, exists: await isThere(file), roles: [] })),
  );
}

function placeOf(name: string, spec: SecretSpec, paths: Paths): { readonly file: string; readonly source: string } {
  if ('file' in spec) return { file: spec.file, source: spec.file };
  return { file: path.join(secretsDir(paths), 'cluster', name), source: `${spec.generateBytes} random bytes` };
}

function rolesWith(name: string, { cluster, overlays }: ClusterView): string[] {
  const brings = (overlay: string) => {
    const source = overlays.get(overlay);
    return source !== undefined && secretsOf(source.spec).includes(name);
  };
  return Object.entries(cluster.roles).flatMap(([role, spec]) => (spec.overlays.some(brings) ? [role] : []));
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

const secretsDir = ({ state }: Paths) => path.join(state, 'secrets');

/** The one whose making and changing is asked for; the others are made when they are needed. */
const keyArgument = () => new Argument('<name>', 'the key that signs boot.img').choices([signingSecret]);

function registerShowPublic(parent: Command, context: CliContext): void {
  parent
    .command('show-public')
    .summary('print the public half of a key')
    .description('The key as PEM on stdout, and what to do with it on stderr.')
    .addArgument(keyArgument())
    .addHelpText('after', '\nExample:\n  pi-image secret show-public bootSigning > public.pem')
    .action(async () => {
      const paths = context.paths();
      const key = await readSigningKey(secretsDir(paths), silent);
      if (key === undefined) {
        throw new ConfigError('there is no signing key yet', { hint: 'Run "pi-image secret make bootSigning".' });
      }
      context.stdout(key.publicPem);
      context.stderr(await explainKey(key, paths));
    });
}

/** Settings of the EEPROM by their names there. */
async function explainKey({ id }: SigningKey, paths: Paths): Promise<string> {
  const { network, ports } = (await readView(paths)).cluster;
  return `
This is the public half of key ${id}. Each Pi 4 or 5 needs it once, in its EEPROM:

  pi-image secret show-public ${signingSecret} > public.pem
  rpi-eeprom-config -c boot.conf -p public.pem -o pieeprom.upd pieeprom.original.bin
  rpi-eeprom-digest -i pieeprom.upd -o pieeprom.sig

with these lines in boot.conf:

  BOOT_ORDER=0xf7
  HTTP_HOST=${network.address.address}
  HTTP_PORT=${ports.http}
  HTTP_PATH=boot

That makes the board load nothing over HTTP that this key has not signed. pi-image writes nothing into the one-time
memory (OTP) of a board, and no command of it does. See "Signed boot" in docs/hardware.md and docs/security.md.
`;
}

function registerMake(parent: Command, context: CliContext): void {
  parent
    .command('make')
    .summary('make a key that is not there yet')
    .description(
      'RSA with 2048 bits, which is what boards verify. The private half stays in the state directory, 0600.',
    )
    .addArgument(keyArgument())
    .addHelpText('after', '\nExample:\n  pi-image secret make bootSigning')
    .action(async () => {
      const dir = secretsDir(context.paths());
      const before = await readSigningKey(dir, silent);
      const { id } = before ?? (await makeSigningKey(dir, silent));
      context.stdout(
        `${signingSecret} is key ${id}${before === undefined ? '' : ', which was there already'}\n` +
          `next: pi-image secret show-public ${signingSecret}\n`,
      );
    });
}

const silent: Log = { info: () => undefined, warn: () => undefined };
