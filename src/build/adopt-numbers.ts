/** The numbers of users and groups that the system's images have, for a build that goes there later. */
import { writeFileAtomically } from '../host/atomic-file.ts';
import { joinRegistries } from '../plan/id-registry.ts';
import { readRegistry } from './read-cache.ts';
import { buildPaths } from './running-build.ts';

interface NumbersAsked {
  readonly name: string;
  /** State directory of the system; may not be there, or not be readable. */
  readonly from: string;
  readonly to: string;
}

/** Else the version would be refused in the end, because a user of it had another number there. */
export async function adoptNumbers({ name, from, to }: NumbersAsked): Promise<void> {
  const known = await readRegistry(from, name).catch(() => undefined);
  if (known === undefined) return;
  const own = await readRegistry(to, name);
  const joined = joinRegistries(known, own);
  if (JSON.stringify(joined) === JSON.stringify(own)) return;
  await writeFileAtomically(buildPaths(to).ids(name), `${JSON.stringify(joined, null, 1)}\n`);
}
