/** Calls of the API whose arguments and answers the compiler knows: `generated/api.ts` is made from the document. */
import type { Problem } from '../api/schemas/problem.ts';
import type { ChangeOptions, Tagged } from '../model/change.ts';
import { ChangedError } from '../model/errors.ts';
import { request, requireOk, type ApiMethod, type ApiServer } from './api-client.ts';
import { noService } from './ask-service.ts';
import type { Calls } from './generated/api.ts';

export type CallName = keyof Calls;

/** What stands in its path and query, and its body. */
type Given<Name extends CallName> = Frozen<Omit<Calls[Name], 'answer'>>;

/** Nobody changes what is handed over, and what may be left out may be undefined: neither JSON nor a query has it then. */
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> | LeftOut<T, Key> }
    : T;

type LeftOut<T, Key extends keyof T> = string extends Key ? never : object extends Pick<T, Key> ? undefined : never;

/** Those that need nothing may be given nothing. */
type Arguments<Name extends CallName> = object extends Given<Name> ? [given?: Given<Name>] : [given: Given<Name>];

type Called<Name extends CallName> =
  | { readonly kind: 'answer'; readonly answer: Calls[Name]['answer']; readonly etag: string | undefined }
  /** Nobody listens on the socket: the caller works on the files itself, or says so. */
  | { readonly kind: 'no-service' };

/** @throws HostError when no service runs, or with the service's own words when it refuses */
export async function call<Name extends CallName>(
  server: ApiServer,
  name: Name,
  ...[given]: Arguments<Name>
): Promise<Calls[Name]['answer']> {
  const called = await callIfThere(server, name, given ?? ({} as Given<Name>));
  if (called.kind === 'no-service') throw noService(server);
  return called.answer;
}

/** @throws HostError with the service's own words when it refuses, ChangedError when `ifMatch` is not the ETag any more */
export async function callIfThere<Name extends CallName>(
  server: ApiServer,
  name: Name,
  given: Given<Name>,
  { ifMatch }: { readonly ifMatch?: string | undefined } = {},
): Promise<Called<Name>> {
  const [method = '', template = ''] = name.split(' ');
  const { path = {}, query = {}, body } = given as AnyGiven;
  const route = `${fillPath(template, path)}${renderQuery(query)}`;
  const answer = await request(server, method as ApiMethod, route, body, { ifMatch });
  if (answer.kind === 'no-service') return answer;
  if (answer.status === 412) throw changedError(answer.body as Problem);
  requireOk(answer);
  // The types are made from the document, and the tests of the document prove that the service keeps to it.
  return { kind: 'answer', answer: answer.body as Calls[Name]['answer'], etag: answer.etag };
}

type ChangeName = {
  [Name in CallName]: Calls[Name] extends { query?: { dryRun?: unknown } } ? Name : never;
}[CallName];

/** A change as it is wanted, and the tag of what it leaves. @throws as callIfThere, and HostError when no service runs */
export async function change<Name extends ChangeName>(
  server: ApiServer,
  name: Name,
  given: Omit<Given<Name>, 'query'>,
  { dryRun, ifMatch }: Pick<ChangeOptions, 'dryRun' | 'ifMatch'>,
): Promise<Tagged<Calls[Name]['answer']>> {
  // Each of these takes that query.
  const tried = { ...given, query: dryRunQuery(dryRun) } as unknown as Given<Name>;
  const called = await callIfThere(server, name, tried, { ifMatch });
  if (called.kind === 'no-service') throw noService(server);
  return called;
}

/** As the service has thrown it: the caller may read again and repeat. */
function changedError({ title, etag = '' }: Problem): ChangedError {
  return new ChangedError(title.replace(/ was changed since you read it$/, ''), etag);
}

/** Of `?dryRun=`, which every change takes. */
export const dryRunQuery = (isDryRun: boolean | undefined) => ({
  dryRun: isDryRun === true ? ('true' as const) : undefined,
});

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
