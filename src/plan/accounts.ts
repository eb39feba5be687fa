/** Accounts of a layer as lines of passwd, group, shadow and gshadow. Numbers: the given one, the family's, a free one. */
import { ConfigError } from '../model/errors.ts';
import type { LayerGroup, LayerUser } from '../model/image-users.ts';
import type { IdMap } from './id-registry.ts';

/** Texts of the files below etc/. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  readonly shadow: string;
  readonly gshadow: string;
}

interface Home {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Not a daemon's. */
  readonly isPersons: boolean;
}

export interface AccountPlan {
  readonly files: AccountFiles;
  /** Home folders to make. */
  readonly homes: readonly Home[];
  /** What a person should know, as sentences. */
  readonly warnings: readonly string[];
}

interface Asked {
  readonly layer: string;
  readonly groups: readonly LayerGroup[];
  readonly users: readonly LayerUser[];
}

/** A day that is over, so that no build's date stands in the image. */
const passwordDay = '20000';

/** @param registry numbers that this image family has given out @throws ConfigError that names the account */
export function planAccounts(asked: Asked, present: AccountFiles, registry: IdMap): AccountPlan {
  const tables = new AccountTables(asked.layer, present, registry);
  for (const group of asked.groups) tables.addGroup(group.name, { id: group.gid, isSystem: true });
  for (const user of asked.users) tables.addUser(user);
  return tables.plan();
}

type Table = Map<string, string[]>;

/** The ranges of Debian's adduser. */
const ranges = {
  system: { first: 999, last: 100, step: -1 },
  ordinary: { first: 1000, last: 59_999, step: 1 },
} as const;

class AccountTables {
  readonly #layer: string;
  readonly #registry: IdMap;
  readonly #tables: Record<keyof AccountFiles, Table>;
  readonly #homes: Home[] = [];
  readonly #warnings: string[] = [];

  constructor(layer: string, present: AccountFiles, registry: IdMap) {
    this.#layer = layer;
    this.#registry = registry;
    this.#tables = {
      passwd: parseTable(present.passwd),
      group: parseTable(present.group),
      shadow: parseTable(present.shadow),
      gshadow: parseTable(present.gshadow),
    };
  }

  addGroup(name: string, asked: { id: number | undefined; isSystem: boolean }): number {
    const gid = this.#number('group', name, asked);
    const members = this.#tables.group.get(name)?.[3] ?? '';
    this.#tables.group.set(name, [name, 'x', String(gid), members]);
    if (!this.#tables.gshadow.has(name)) this.#tables.gshadow.set(name, [name, '!', '', members]);
    return gid;
  }

  addUser(user: LayerUser): void {
    const { name, system: isSystem, comment, passwordHash } = user;
    const uid = this.#number('passwd', name, { id: user.uid, isSystem });
    const gid = this.#primaryGroup(user, uid);
    const home = user.home ?? (isSystem ? '/nonexistent' : `/home/${name}`);
    const shell = user.shell ?? (isSystem ? '/usr/sbin/nologin' : '/bin/bash');
    this.#tables.passwd.set(name, [name, 'x', String(uid), String(gid), comment, home, shell]);
    this.#tables.shadow.set(name, [name, passwordHash ?? '*', passwordDay, '0', '99999', '7', '', '', '']);
    for (const group of user.groups) this.#join(name, group);
    if (!isSystem || user.home !== undefined) this.#homes.push({ path: home, uid, gid, isPersons: !isSystem });
    if (passwordHash !== undefined) {
      this.#warnings.push(
        `the password of ${name} is in the image: everyone on the boot network can read its hash. Prefer an SSH key in an overlay.`,
      );
    }
  }

  plan(): AccountPlan {
    const { passwd, group, shadow, gshadow } = this.#tables;
    const files = { passwd: render(passwd), group: render(group), shadow: render(shadow), gshadow: render(gshadow) };
    return { files, homes: this.#homes, warnings: this.#warnings };
  }

  /** Its own, unless another is named that is there. */
  #primaryGroup({ name, group = name, system: isSystem }: LayerUser, uid: number): number {
    const known = this.#tables.group.get(group)?.[2];
    if (known !== undefined) return Number(known);
    // A group that is made for a user gets its number where that is free, as adduser does it.
    const registered = this.#registry.groups[group];
    const isFree = !this.#taken('group').has(uid);
    return this.addGroup(group, { id: registered ?? (isFree ? uid : undefined), isSystem });
  }

  #join(user: string, group: string): void {
    const line = this.#tables.group.get(group);
    if (line === undefined) {
      throw new ConfigError(
        `the user ${user} of layer ${this.#layer} is to be in the group ${group}, which is not there`,
        {
          hint: `Name it under groups: of that layer, or take it out.`,
        },
      );
    }
    const members = new Set((line[3] ?? '').split(',').filter((member) => member !== ''));
    const text = [...members.add(user)].join(',');
    this.#tables.group.set(group, [...line.slice(0, 3), text]);
    const secret = this.#tables.gshadow.get(group) ?? [group, '*', '', ''];
    this.#tables.gshadow.set(group, [...secret.slice(0, 3), text]);
  }

  #number(kind: 'passwd' | 'group', name: string, asked: { id: number | undefined; isSystem: boolean }): number {
    const noun = kind === 'passwd' ? 'user' : 'group';
    const present = this.#numberOf(kind, name);
    const known = present ?? this.#registered(kind)[name];
    if (asked.id !== undefined && known !== undefined && asked.id !== known) {
      throw new ConfigError(
        `the ${noun} ${name} of layer ${this.#layer} is to be ${asked.id}, but is ${known} already`,
        {
          hint: `Files on shares would change owner. Write ${known}, or leave the number out.`,
        },
      );
    }
    const chosen = asked.id ?? known;
    if (chosen === undefined) return this.#free(kind, asked.isSystem);
    const owner = present === undefined ? this.#taken(kind).get(chosen) : undefined;
    if (owner === undefined || owner === name) return chosen;
    throw new ConfigError(
      `the ${noun} ${name} of layer ${this.#layer} would take ${chosen}, which belongs to ${owner}`,
      {
        hint: 'Give it another number, or leave the number out.',
      },
    );
  }

  #numberOf(kind: 'passwd' | 'group', name: string): number | undefined {
    const text = this.#tables[kind].get(name)?.[2];
    return text === undefined ? undefined : Number(text);
  }

  #registered(kind: 'passwd' | 'group'): Readonly<Record<string, number>> {
    return kind === 'passwd' ? this.#registry.users : this.#registry.groups;
  }

  /** Number -> whose it is, in the image and in the family. */
  #taken(kind: 'passwd' | 'group'): Map<number, string> {
    const present = [...this.#tables[kind]].map(([name, fields]) => [Number(fields[2]), name] as const);
    const registered = Object.entries(this.#registered(kind)).map(([name, id]) => [id, name] as const);
    return new Map([...registered, ...present]);
  }

  /** Free as a user's and as a group's number, so that both can be the same. */
  #free(kind: 'passwd' | 'group', isSystem: boolean): number {
    const taken = new Set([...this.#taken('passwd').keys(), ...this.#taken('group').keys()]);
    const { first, last, step } = isSystem ? ranges.system : ranges.ordinary;
    for (let id = first; id !== last + step; id += step) if (!taken.has(id)) return id;
    throw new ConfigError(`layer ${this.#layer} has no number left for a ${kind === 'passwd' ? 'user' : 'group'}`);
  }
}

function parseTable(text: string): Table {
  const lines = text.split('\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.split(':')]));
}

function render(table: Table): string {
  return [...table.values()].map((fields) => `${fields.join(':')}\n`).join('');
}
