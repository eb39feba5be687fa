/** Variables as templates see them: reading one that does not exist is an error that lists those that do. */
import { ConfigError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';

export interface GuardOptions {
  /** The template, as messages name it. */
  readonly source: string;
  /** Names that exist elsewhere -> why they do not here. */
  readonly notHere?: Readonly<Record<string, string>> | undefined;
  /** Called with the name of each top variable that is read; `this` for all of them. */
  readonly onRead?: ((name: string) => void) | undefined;
}

export interface Guarded {
  readonly variables: object;
  /** The plain value behind a guarded one, for helpers. */
  readonly unwrap: (value: unknown) => unknown;
}

type Group = Record<string, unknown>;

/** Only own properties can be read, so no template reaches a prototype. */
export function guard(variables: Readonly<Group>, options: GuardOptions): Guarded {
  const plain = new WeakMap<object, unknown>();

  function wrap(value: unknown, name: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const copy: object = Array.isArray(value) ? [...value] : { ...value };
    const wrapped = new Map<string, unknown>();
    const proxy = new Proxy(copy, {
      get(target, key) {
        if (typeof key === 'symbol') return Reflect.get(target, key) as unknown;
        if (!Object.hasOwn(target, key)) throw missing(target, key, name);
        if (name === '') options.onRead?.(key);
        const field: unknown = Reflect.get(target, key);
        if (typeof field !== 'object' || field === null) return field;
        if (!wrapped.has(key)) wrapped.set(key, wrap(field, dotted(name, key)));
        return wrapped.get(key);
      },
    });
    plain.set(proxy, value);
    return proxy;
  }

  function missing(target: object, key: string, name: string): ConfigError {
    const known = Object.keys(target).toSorted();
    const reason = name === '' ? options.notHere?.[key] : undefined;
    const where = name === '' ? 'Variables here' : `Variables in ${name}`;
    return new ConfigError(
      `${options.source}: there is no variable ${dotted(name, key)}${reason === undefined ? didYouMean(key, known) : ' here'}`,
      { hint: reason ?? `${where}: ${known.join(', ') || 'none'}.` },
    );
  }

  const root = wrap(variables, '') as object;
  return {
    variables: root,
    unwrap: (value) => {
      if (value === root) options.onRead?.('this');
      return typeof value === 'object' && value !== null ? (plain.get(value) ?? value) : value;
    },
  };
}

function dotted(name: string, key: string): string {
  return name === '' ? key : `${name}.${key}`;
}
