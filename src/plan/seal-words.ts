/** What the rules of the seal do, in words: for the documentation and for `image doctor`. */
import type { ActionOf, SealAction, SealFault, SealRule } from './seal-rule.ts';

type Words = { readonly [K in SealAction['kind']]: (action: ActionOf<K>) => string };

const all = (paths: readonly string[]) => paths.map((path) => `/${path}`).join(', ');

const words: Words = {
  remove: ({ globs }) => `removes ${all(globs)}`,
  empty: ({ folders }) => `empties ${all(folders)}`,
  'empty-files-below': ({ folder }) => `empties the files below /${folder}`,
  write: ({ path }) => `writes /${path}`,
  link: ({ path, target }) => `links /${path} to ${target}`,
  mask: ({ units }) => `masks ${units.join(', ')}`,
  'mask-generator': ({ names }) => `masks the generator ${names.join(', ')}`,
  comment: ({ globs }) => `comments lines out of ${all(globs)}`,
  prepend: ({ path }) => `adds lines to the top of /${path}`,
  'drop-in': ({ globs }) => `adds a drop-in to ${all(globs)}`,
  'apt-sources': () =>
    'writes the archives of the lock to /etc/apt/sources.list.d/debian.sources, and removes /etc/apt/sources.list',
  capabilities: () => 'adds pi-image-capabilities.service',
};

/** An action and its words belong together; the compiler cannot follow a union through a table. */
export const whatItDoes = ({ actions }: SealRule): string[] =>
  actions.map((action) => (words[action.kind] as (each: SealAction) => string)(action));

export const faultWords: Readonly<Record<SealFault, string>> = {
  boot: 'does not boot, or loses its root',
  wear: 'fills memory, or loads the storage node',
  identity: 'nodes share an identity or a secret',
  slow: 'boots wait',
  minor: 'something is there for nothing, or missing',
};
