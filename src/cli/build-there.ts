/** A build on the machine of --server: begun as an operation, and followed to its end. */
import { UsageError } from '../model/errors.ts';
import type { ImageBuild } from '../model/image-build.ts';
import type { ApiServer } from './api-client.ts';
import { readOperation, watchOperation } from './commands/operation.ts';
import type { BuildOutput } from './build-answer.ts';
import type { CliContext } from './context.ts';
import { renderValue } from './output.ts';
import { call } from './typed-client.ts';

export interface BuildThere {
  readonly image: string;
  readonly plan?: boolean;
  readonly explain?: boolean;
  readonly update?: boolean;
  readonly anew?: boolean;
  readonly again?: boolean;
  readonly offline?: boolean;
  readonly squash?: boolean;
  readonly output: BuildOutput;
  readonly engine: string;
  readonly mirror: Readonly<Record<string, string>>;
  readonly keyring: Readonly<Record<string, string>>;
}

export async function buildThere(server: ApiServer, flags: BuildThere, context: CliContext): Promise<void> {
  requireSaidThere(flags);
  const answer = await call(server, 'POST /images/{name}:build', {
    path: { name: flags.image },
    query: { dryRun: flags.plan === true ? 'true' : 'false' },
    body: { packages: packagesOf(flags), squash: flags.squash === true },
  });
  const { operation, plan = [] } = answer;
  const { output } = flags;
  if (operation === undefined) {
    return context.stdout(output === 'table' ? plan.map((line) => `${line}\n`).join('') : renderValue(answer, output));
  }
  // A program's one document comes at the end.
  const tell = output === 'table' ? context.stdout : context.stderr;
  tell(`operation ${operation} builds ${flags.image}\n`);
  await watchOperation(operation, { ...context, stdout: output === 'table' ? context.stdout : () => undefined });
  if (output !== 'table') context.stdout(renderValue(await readOperation(operation, context), output));
}

/** Addresses and files of archives are the storage node's administrator's to say. @throws UsageError */
function requireSaidThere({ mirror, keyring, engine, explain, again }: BuildThere): void {
  const said = [
    ...(Object.keys(mirror).length > 0 ? ['--mirror'] : []),
    ...(Object.keys(keyring).length > 0 ? ['--keyring'] : []),
    ...(engine === 'fast' ? [] : ['--engine']),
    ...(explain === true ? ['--explain'] : []),
    ...(again === true ? ['--again'] : []),
  ];
  if (said.length === 0) return;
  throw new UsageError(`${said.join(' and ')} cannot be said to --server`, { hint: 'Build it on the storage node.' });
}

function packagesOf({ update, anew, offline }: BuildThere): ImageBuild['packages'] {
  if (anew === true) return 'anew';
  if (update === true) return 'update';
  return offline === true ? 'offline' : 'kept';
}
