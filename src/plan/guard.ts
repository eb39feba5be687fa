/** Variables as templates see them: reading one that does not exist is an error that lists those that do. */
import { ConfigError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';

export interface GuardOptions {
  /** The template, as messages name it. */
  readonly source: string;
  /** Names that exist elsewhere -> why they do not here. */
  readonly notHere?: Readonly<Record<string, string>> | undefined;
}

export interface Guarded {
  readonly variables: object;
  /** The plain value behind a guarded one, for helpers. */
  readonly unwrap: (value: unknown) => unknown;
}

type Group = Record<string, unknown>;

/** Only own properties can be read, so no template reaches a prototype. */
export function guard(variables: Readonly<Group>, options: GuardOptions): Guarded {
  const root = wrap(variables, '', options);
  return {
    variables: root,
    unwrap: (value) => (typeof value === 'object' && value !== null ? ((value as Guard)[behind] ?? value) : value),
  };
}

/** No template can write it. */
const behind = Symbol('behind');

interface Guard {
  readonly [behind]?: unknown;
}

/** A thousand nodes are a thousand of these each time: nothing is made before it is read. */
class Gate implements ProxyHandler<object> {
  readonly #value: object;
  readonly #name: string;
  readonly #options: GuardOptions;
  #wrapped: Map<string, object> | undefined;

  constructor(value: object, name: string, options: GuardOptions) {
    this.#value = value;
    this.#name = name;
    this.#options = options;
  }

  get(target: object, key: string | symbol): unknown {
    if (key === behind) return this.#value;
    if (typeof key === 'symbol') return Reflect.get(target, key);
    if (!Object.hasOwn(target, key)) throw missing(target, key, this.#name, this.#options);
    const field: unknown = Reflect.get(target, key);
    return typeof field === 'object' && field !== null ? this.#wrap(key, field) : field;
  }

  /** The same each time: templates compare. */
  #wrap(key: string, field: object): object {
    this.#wrapped ??= new Map();
    const known = this.#wrapped.get(key) ?? wrap(field, dotted(this.#name, key), this.#options);
    this.#wrapped.set(key, known);
    return known;
  }
}

function wrap(value: object, name: string, options: GuardOptions): object {
  // A proxy must show the fields of a frozen object as they are, and not guarded ones.
  const target = Object.isFrozen(value) ? copyOf(value) : value;
  return new Proxy(target, new Gate(value, name, options));
}

const copyOf = (value: object): object => (Array.isArray(value) ? [...(value as unknown[])] : { ...value });

function missing(target: object, key: string, name: string, { source, notHere }: GuardOptions): ConfigError {
  const known = Object.keys(target).toSorted();
  const reason = name === '' ? notHere?.[key] : undefined;
  const where = name === '' ? 'Variables here' : `Variables in ${name}`;
  return new ConfigError(
    `${source}: there is no variable ${dotted(name, key)}${reason === undefined ? didYouMean(key, known) : ' here'}`,
    { hint: reason ?? `${where}: ${known.join(', ') || 'none'}.` },
  );
}

function dotted(name: string, key: string): string {
  return name === '' ? key : `${name}.${key}`;
}
