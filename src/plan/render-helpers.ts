/** What templates can call, and what may be printed: plain values without control characters. */
import { ConfigError } from '../model/errors.ts';
import { canonicalJson } from './canonical-json.ts';
import { compressHostlist } from './hostlist.ts';

type Helper = (...args: readonly unknown[]) => unknown;

/** Handlebars passes its own options object after the arguments that the template wrote. */
const ownArguments = (args: readonly unknown[]) => args.slice(0, -1);

/** @param unwrap the plain value behind a guarded one */
export function namedHelpers(source: string, unwrap: (value: unknown) => unknown): Record<string, Helper> {
  const plain = (args: readonly unknown[]) => ownArguments(args).map(unwrap);
  return {
    /** One word for a POSIX shell. */
    shell: (...args) => `'${printValue(plain(args)[0], `${source}: {{shell …}}`).replaceAll("'", String.raw`'\''`)}'`,
    json: (...args) => jsonOf(plain(args)[0], `${source}: {{json …}}`),
    /** JSON is YAML; strings are quoted, so that no value turns into another type. */
    yaml: (...args) => jsonOf(plain(args)[0], `${source}: {{yaml …}}`),
    eq: (...args) => plain(args)[0] === plain(args)[1],
    /** {{join list}} with commas, {{join list " "}}, {{join nodes "," "name"}} one field of each. */
    join: (...args) => joined(plain(args), `${source}: {{join …}}`),
    /** {{hostlist nodes}}: `head,node[01-08]`, from names or from things that have one. */
    hostlist: (...args) => compressHostlist(namesIn(plain(args)[0], `${source}: {{hostlist …}}`)),
    /** Stops with a sentence of the template's own. */
    fail: (...args) => {
      throw new ConfigError(`${source}: ${printValue(plain(args)[0], source)}`);
    },
  };
}

// eslint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** @param place where it is printed, for messages */
export function printValue(value: unknown, place: string): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === undefined || value === null) {
    throw new ConfigError(`${place}: has no value here`, { hint: 'Put {{#if …}} around it if it may be missing.' });
  }
  if (typeof value !== 'string') {
    throw new ConfigError(`${place}: is a group of values, not one`, {
      hint: 'Name one of its fields, or print it with {{json …}} or {{join …}}.',
    });
  }
  if (controlCharacters.test(value)) {
    throw new ConfigError(`${place}: the value ${JSON.stringify(value)} has a newline or control character`, {
      hint: 'Values end up in the lines of configuration files: write them as one line.',
    });
  }
  return value;
}

function jsonOf(value: unknown, place: string): string {
  for (const leaf of leaves(value)) if (typeof leaf === 'string') printValue(leaf, place);
  return canonicalJson(value ?? null);
}

function leaves(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  return Object.values(value).flatMap(leaves);
}

function joined([list, separator = ',', field]: readonly unknown[], place: string): string {
  return itemsOf(list, place)
    .map((item) => printValue(field === undefined ? item : fieldOf(item, field, place), place))
    .join(String(separator));
}

function namesIn(list: unknown, place: string): string[] {
  return itemsOf(list, place).map((item) =>
    printValue(typeof item === 'string' ? item : fieldOf(item, 'name', place), place),
  );
}

function itemsOf(list: unknown, place: string): readonly unknown[] {
  if (Array.isArray(list)) return list;
  throw new ConfigError(`${place}: needs a list`);
}

function fieldOf(item: unknown, field: unknown, place: string): unknown {
  const name = String(field);
  if (typeof item !== 'object' || item === null || !Object.hasOwn(item, name)) {
    throw new ConfigError(`${place}: the list's entries have no ${name}`);
  }
  return (item as Readonly<Record<string, unknown>>)[name];
}
