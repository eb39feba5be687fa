/** User and group numbers per image family: a name keeps its number over all versions, so that files on shares keep their owners. */
import type { IdRegistry } from '../model/build-record.ts';
import { ConfigError } from '../model/errors.ts';
import { canonicalJson, sha256 } from './canonical-json.ts';

export interface IdMap {
  readonly users: Readonly<Record<string, number>>;
  readonly groups: Readonly<Record<string, number>>;
}

/** A complete layer: the key that was wanted, and the numbers in its passwd and group. */
export interface CachedLayer extends IdMap {
  readonly wanted: string;
  /** Digest of what it holds. */
  readonly content?: string | undefined;
  /** What it was made of, and the content that lay below it. */
  readonly contentKey?: string | undefined;
}

/** By the key under which they lie. */
export type CachedLayers = ReadonlyMap<string, CachedLayer>;

const kinds = ['users', 'groups'] as const;

/** @param passwd text of /etc/passwd @param group text of /etc/group */
export function parseIds(passwd: string, group: string): IdMap {
  return { users: numbers(passwd), groups: numbers(group) };
}

function numbers(text: string): Record<string, number> {
  const entries = text.split('\n').flatMap((line) => {
    const [name = '', , id = ''] = line.split(':');
    return name === '' || !/^\d+$/.test(id) ? [] : [[name, Number(id)] as const];
  });
  return Object.fromEntries(entries);
}

/** Names whose number differs from the registry's, as sentences. */
function findDrift(registry: IdMap, now: IdMap): string[] {
  return kinds.flatMap((kind) =>
    Object.entries(now[kind]).flatMap(([name, id]) => {
      const known = registry[kind][name];
      const noun = kind === 'users' ? 'user' : 'group';
      return known === undefined || known === id ? [] : [`${noun} ${name} would change from ${known} to ${id}`];
    }),
  );
}

/** No name has another number than the family knows it by. */
export function fitsFamily(registry: IdMap, layer: IdMap): boolean {
  return findDrift(registry, layer).length === 0;
}

/** Two names with one number: one of them is new and took a number that the registry keeps for the other. */
function findTaken(registry: IdMap, now: IdMap): string[] {
  return kinds.flatMap((kind) => {
    const owners = new Map(Object.entries(registry[kind]).map(([name, id]) => [id, name]));
    return Object.entries(now[kind]).flatMap(([name, id]) => {
      const owner = owners.get(id);
      if (owner === undefined || registry[kind][name] !== undefined) return [];
      return [`${kind === 'users' ? 'user' : 'group'} ${name} would take ${id}, which belongs to ${owner}`];
    });
  });
}

/** @throws ConfigError that names each user or group that would get another number */
export function checkIds(image: string, registry: IdMap, now: IdMap): void {
  const problems = [...findDrift(registry, now), ...findTaken(registry, now)];
  if (problems.length === 0) return;
  throw new ConfigError(`${image} cannot be published: ${problems.join('; ')}`, {
    hint: 'Files on shares would change owner. Create the user with its old number in a layer ("run:" with groupadd -g and useradd -u).',
  });
}

/** What was registered stays; what is new is added. */
export function extendRegistry(registry: IdRegistry, passwd: string, group: string): IdRegistry {
  const now = parseIds(passwd, group);
  return {
    format: 1,
    users: { ...now.users, ...registry.users },
    groups: { ...now.groups, ...registry.groups },
    passwd: mergeLines(registry.passwd, passwd),
    group: mergeLines(registry.group, group),
  };
}

/** What one of them knows goes before what the other does. */
export function joinRegistries(first: IdRegistry, second: IdRegistry): IdRegistry {
  return {
    format: 1,
    users: { ...second.users, ...first.users },
    groups: { ...second.groups, ...first.groups },
    passwd: mergeLines(first.passwd, second.passwd.join('\n')),
    group: mergeLines(first.group, second.group.join('\n')),
  };
}

/** The name of a passwd or group line. */
const nameOf = (line: string) => line.split(':')[0] ?? '';

function mergeLines(known: readonly string[], text: string): string[] {
  const names = new Set(known.map(nameOf));
  return [...known, ...text.split('\n').filter((line) => line.includes(':') && !names.has(nameOf(line)))];
}

/** Files of lines to seed a root with, by name below etc/. Seeded accounts are locked until a package or overlay opens them. */
export function renderSeeds(registry: IdRegistry): Readonly<Record<string, string>> {
  return {
    passwd: joinLines(registry.passwd),
    group: joinLines(registry.group),
    shadow: joinLines(registry.passwd.map((line) => `${nameOf(line)}:!*:20000::::::`)),
    gshadow: joinLines(registry.group.map((line) => `${nameOf(line)}:!::`)),
  };
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Where a layer of this key is or will be. Layers are shared by all images; one whose numbers contradict this family's
 * registry is passed over for one that is made with the registry's numbers, under a key of its own.
 */
export function chooseLayerKey(wanted: string, registry: IdMap, cached: CachedLayers): string {
  for (const [key, layer] of cached) {
    if (layer.wanted === wanted && fitsFamily(registry, layer)) return key;
  }
  if (!cached.has(wanted)) return wanted;
  return sha256(canonicalJson({ wanted, users: registry.users, groups: registry.groups }));
}
