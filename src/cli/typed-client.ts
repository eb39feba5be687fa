/** Calls of the API whose arguments and answers the compiler knows: `generated/api.ts` is made from the document. */
import { requestOk, type ApiMethod, type ApiServer } from './api-client.ts';
import { bodyOf } from './ask-service.ts';
import type { Calls } from './generated/api.ts';

export type CallName = keyof Calls;

/** What stands in its path and query, and its body. */
type Given<Name extends CallName> = Frozen<Omit<Calls[Name], 'answer'>>;

/** Nobody changes what is handed over. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

/** Those that need nothing may be given nothing. */
type Arguments<Name extends CallName> = object extends Given<Name> ? [given?: Given<Name>] : [given: Given<Name>];

/** @throws HostError when no service runs, or with the service's own words when it refuses */
export async function call<Name extends CallName>(
  server: ApiServer,
  name: Name,
  ...[given]: Arguments<Name>
): Promise<Calls[Name]['answer']> {
  const [method = '', template = ''] = name.split(' ');
  const { path = {}, query = {}, body } = (given ?? {}) as AnyGiven;
  const route = `${fillPath(template, path)}${renderQuery(query)}`;
  // The types are made from the document, and the tests of the document prove that the service keeps to it.
  return bodyOf(server, await requestOk(server, method as ApiMethod, route, body)) as Calls[Name]['answer'];
}

interface AnyGiven {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: unknown;
}

function fillPath(template: string, path: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
}

function renderQuery(query: NonNullable<AnyGiven['query']>): string {
  const words = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [name, String(each)]),
  );
  return words.length === 0 ? '' : `?${new URLSearchParams(words).toString()}`;
}
