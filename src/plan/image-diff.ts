/** What differs between two versions of an image? Packages, files, units, privileges, numbers of users, boot files. */
import type { ImageManifest } from '../model/manifest.ts';
import type { IndexEntry, TreeIndex } from '../model/tree-index.ts';
import { canonicalJson } from './canonical-json.ts';

export interface ImageSide {
  readonly manifest: ImageManifest;
  /** undefined: published before there were any; files and units are not compared then. */
  readonly index: TreeIndex | undefined;
}

export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Name and what is different: `0644 -> 4755`. */
  readonly changed: readonly string[];
}

export interface ImageDiff {
  readonly from: string;
  readonly to: string;
  readonly packages: Changes;
  readonly files: Changes;
  readonly units: Changes;
  /** setuid, setgid and capabilities. */
  readonly privileges: Changes;
  readonly users: Changes;
  readonly groups: Changes;
  readonly bootFiles: Changes;
}

export const diffParts = ['packages', 'files', 'units', 'privileges', 'users', 'groups', 'bootFiles'] as const;

export function diffImages(one: ImageSide, other: ImageSide): ImageDiff {
  const [from, to] = [one.manifest, other.manifest];
  const hasFiles = one.index !== undefined && other.index !== undefined;
  const [before, after] = hasFiles ? [one.index.entries, other.index.entries] : [[], []];
  return {
    from: `${from.name}@${from.version}`,
    to: `${to.name}@${to.version}`,
    packages: compare(packagesOf(from), packagesOf(to)),
    files: diffFiles(before, after),
    units: diffUnits(before, after),
    privileges: compare(privilegesOf(before), privilegesOf(after)),
    users: compare(numbersOf(from.users), numbersOf(to.users)),
    groups: compare(numbersOf(from.groups), numbersOf(to.groups)),
    bootFiles: compare(bootFilesOf(from), bootFilesOf(to)),
  };
}

export function isSame(diff: ImageDiff): boolean {
  return diffParts.every((part) => sizeOf(diff[part]) === 0);
}

export const sizeOf = ({ added, removed, changed }: Changes) => added.length + removed.length + changed.length;

/** Name -> what it is, as a person reads it. */
type Facts = ReadonlyMap<string, string>;

const say = (name: string, fact: string) => (fact === '' ? name : `${name} ${fact}`);

function compare(before: Facts, after: Facts): Changes {
  return {
    added: [...after].flatMap(([name, fact]) => (before.has(name) ? [] : [say(name, fact)])).toSorted(),
    removed: [...before].flatMap(([name, fact]) => (after.has(name) ? [] : [say(name, fact)])).toSorted(),
    changed: [...after]
      .flatMap(([name, fact]) => {
        const was = before.get(name);
        return was === undefined || was === fact ? [] : [`${name} ${was} -> ${fact}`];
      })
      .toSorted(),
  };
}

function packagesOf({ packages }: ImageManifest): Facts {
  return new Map(packages.map(({ name, version }) => [name, version]));
}

function numbersOf(ids: Readonly<Record<string, number>>): Facts {
  return new Map(Object.entries(ids).map(([name, id]) => [name, String(id)]));
}

function bootFilesOf({ bootFiles }: ImageManifest): Facts {
  return new Map(
    Object.entries(bootFiles).map(([name, { sha256, sizeBytes }]) => [
      name,
      `${sizeBytes} bytes ${sha256.slice(0, 12)}`,
    ]),
  );
}

/** A time alone is no difference: nobody reads it. */
function diffFiles(before: readonly IndexEntry[], after: readonly IndexEntry[]): Changes {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const kept = new Set(after.map(({ path }) => path));
  return {
    added: after.flatMap(({ path }) => (old.has(path) ? [] : [`/${path}`])),
    removed: before.flatMap(({ path }) => (kept.has(path) ? [] : [`/${path}`])),
    changed: after.flatMap((entry) => {
      const was = old.get(entry.path);
      const what = was === undefined ? [] : differences(was, entry);
      return what.length === 0 ? [] : [`/${entry.path} ${what.join(', ')}`];
    }),
  };
}

function differences(was: IndexEntry, is: IndexEntry): string[] {
  if (was.kind !== is.kind) return [`${was.kind} -> ${is.kind}`];
  const content = contentOf(was) === contentOf(is) ? [] : [changeOfContent(was, is)];
  const owner = was.uid === is.uid && was.gid === is.gid ? [] : [`owner ${was.uid}:${was.gid} -> ${is.uid}:${is.gid}`];
  const mode = was.mode === is.mode ? [] : [`mode ${octal(was.mode)} -> ${octal(is.mode)}`];
  const attributes = attributesOf(was) === attributesOf(is) ? [] : ['extended attributes'];
  return [...content, ...mode, ...owner, ...attributes];
}

function contentOf(entry: IndexEntry): string {
  if (entry.kind === 'file') return entry.sha256;
  if (entry.kind === 'link') return entry.target;
  return entry.kind === 'special' ? entry.device : '';
}

function changeOfContent(was: IndexEntry, is: IndexEntry): string {
  return is.kind === 'file' ? 'content' : `${contentOf(was)} -> ${contentOf(is)}`;
}

const octal = (mode: number) => mode.toString(8).padStart(4, '0');

const attributesOf = ({ xattrs }: IndexEntry) => canonicalJson(xattrs ?? {});

const unitFolders = /^(?:etc|usr\/lib|lib|usr\/local\/lib)\/systemd\/system\/(.+)$/;

const listed = (units: ReadonlyMap<string, ReadonlySet<string>>): Facts =>
  new Map([...units].map(([unit, facts]) => [unit, [...facts].toSorted().join(', ')]));

function diffUnits(before: readonly IndexEntry[], after: readonly IndexEntry[]): Changes {
  const [old, now] = [unitsOf(before), unitsOf(after)];
  const inBoth = [...now].flatMap(([unit, facts]) => {
    const was = old.get(unit);
    return was === undefined ? [] : [{ unit, was, facts }];
  });
  const { added, removed } = compare(listed(old), listed(now));
  const changed = inBoth.flatMap(({ unit, was, facts }) => {
    const news = [...facts].filter((fact) => !was.has(fact)).map((fact) => `is now ${fact}`);
    const past = [...was].filter((fact) => !facts.has(fact)).map((fact) => `is no longer ${fact}`);
    return news.length + past.length === 0 ? [] : [`${unit} ${[...news, ...past].join(', ')}`];
  });
  return { added, removed, changed: changed.toSorted() };
}

/** Unit -> `enabled by multi-user.target`, `masked` or what it is. */
function unitsOf(entries: readonly IndexEntry[]): Map<string, Set<string>> {
  const facts = new Map<string, Set<string>>();
  for (const entry of entries) {
    const [, name = ''] = unitFolders.exec(entry.path) ?? [];
    const fact = unitFact(name, entry);
    if (fact === undefined) continue;
    const unit = name.split('/').at(-1) ?? name;
    facts.set(unit, (facts.get(unit) ?? new Set()).add(fact));
  }
  return facts;
}

function unitFact(name: string, entry: IndexEntry): string | undefined {
  const [, by, how] = /^([^/]+)\.(wants|requires)\/[^/]+$/.exec(name) ?? [];
  if (by !== undefined)
    return entry.kind === 'link' ? `${how === 'wants' ? 'enabled' : 'required'} by ${by}` : undefined;
  if (name === '' || name.includes('/') || entry.kind === 'folder') return undefined;
  if (entry.kind === 'link') return entry.target === '/dev/null' ? 'masked' : `is ${entry.target.split('/').at(-1)}`;
  return 'installed';
}

function privilegesOf(entries: readonly IndexEntry[]): Facts {
  return new Map(
    entries.flatMap((entry) => {
      const fact = privilegeOf(entry);
      return fact === undefined ? [] : [[`/${entry.path}`, fact] as const];
    }),
  );
}

function privilegeOf(entry: IndexEntry): string | undefined {
  if (entry.kind !== 'file') return undefined;
  const capabilities = entry.xattrs?.['security.capability'];
  const isSet = (entry.mode & 0o6000) !== 0;
  if (!isSet && capabilities === undefined) return undefined;
  const mode = isSet ? [`${octal(entry.mode)} ${entry.uid}:${entry.gid}`] : [];
  return [...mode, ...(capabilities === undefined ? [] : [`capabilities ${capabilities}`])].join(' ');
}
