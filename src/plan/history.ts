/** Who changed what of a node or a role, and when? Read off the events, which are written in one transaction with what they tell. */
import type { Event } from '../model/event.ts';
import { holdBoot } from '../model/generation-pin.ts';
import type { State } from '../model/state.ts';

export interface Change {
  readonly atMs: number;
  /** Of the event. */
  readonly kind: string;
  readonly node?: string | undefined;
  /** In a few words. */
  readonly what: string;
  /** Token or `socket`; behind an operation or a rollout stands who began it. */
  readonly by?: string | undefined;
  readonly cause?: string | undefined;
}

type Fields = Event['fields'];

const text = (fields: Fields, name: string): string => String(fields[name] ?? '-');

const fromTo = (fields: Fields) => `${text(fields, 'from')} -> ${text(fields, 'to')}`;

/** Words of `node.changed` and `role.edited` that say whose the others are, and who did it. */
const beside: ReadonlySet<string> = new Set(['role', 'by']);

const changedFields = (fields: Fields) =>
  Object.entries(fields)
    .filter(([name]) => !beside.has(name))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** What changes a node, as opposed to what happens to it. */
const nodeWords: Readonly<Record<string, (fields: Fields) => string>> = {
  'node.added': (fields) => `added as ${text(fields, 'role')}`,
  'node.adopted': (fields) => `adopted as ${text(fields, 'role')}`,
  'node.removed': () => 'removed',
  'node.changed': changedFields,
  'node.role-set': (fields) => `role ${fromTo(fields)}`,
  'node.image-set': (fields) => `image ${fromTo(fields)}`,
  'node.held': (fields) =>
    text(fields, 'generation') === holdBoot
      ? 'given the hold boot'
      : `held at generation ${text(fields, 'generation').slice(0, 12)}`,
  'node.released': () => 'follows its role again',
  'node.reboot-asked': () => 'reboot',
  'node.shutdown-asked': () => 'shutdown',
  'node.power-asked': (fields) => `power ${text(fields, 'action')}`,
  'eeprom.staged': () => 'boot loader staged',
  'eeprom.cancelled': () => 'boot loader no longer staged',
  'operation.step': (fields) => `operation ${text(fields, 'operation')}: ${text(fields, 'result')}`,
};

const roleWords: Readonly<Record<string, (fields: Fields) => string>> = {
  'role.added': () => 'added to cluster.yaml',
  'role.edited': changedFields,
  'role.removed': () => 'removed from cluster.yaml',
  'role.image-set': (fields) => `image ${fromTo(fields)}`,
  'node.role-set': (fields) => `role ${fromTo(fields)}`,
  'operation.started': (fields) => `operation ${text(fields, 'operation')} for ${text(fields, 'nodes')}`,
  'rollout.started': (fields) =>
    `rollout ${text(fields, 'rollout')} of ${text(fields, 'to')} to ${text(fields, 'nodes')} nodes`,
  'rollout.paused': (fields) => `rollout ${text(fields, 'rollout')} paused`,
  'rollout.resumed': (fields) => `rollout ${text(fields, 'rollout')} resumed`,
  'rollout.aborting': (fields) => `rollout ${text(fields, 'rollout')} is taken back`,
  'rollout.ended': (fields) => `rollout ${text(fields, 'rollout')}: ${text(fields, 'state')}`,
};

/** Kinds of events that a history is made of. */
export const nodeHistoryKinds: readonly string[] = Object.keys(nodeWords);
export const roleHistoryKinds: readonly string[] = Object.keys(roleWords);

type Begun = Pick<State, 'operations' | 'rollouts'>;

/** @param events newest first */
export function nodeHistory(node: string, events: readonly Event[], begun: Begun): Change[] {
  const own = events.filter((event) => event.node === node && isChange(event));
  return own.flatMap((event) => changeOf(event, nodeWords, begun));
}

/** @param events newest first */
export function roleHistory(role: string, events: readonly Event[], begun: Begun): Change[] {
  return events.filter((event) => isOfRole(role, event)).flatMap((event) => changeOf(event, roleWords, begun));
}

/** Of the steps of an operation only the last one says what became of the node. */
const isChange = ({ kind, fields }: Event) => kind !== 'operation.step' || fields['result'] !== undefined;

function isOfRole(role: string, { kind, fields }: Event): boolean {
  if (kind === 'role.image-set') return fields['name'] === role;
  if (kind === 'node.role-set') return fields['from'] === role || fields['to'] === role;
  return fields['role'] === role;
}

function changeOf(
  { atMs, kind, node, fields }: Event,
  words: Readonly<Record<string, (fields: Fields) => string>>,
  begun: Begun,
): Change[] {
  const what = words[kind]?.(fields);
  if (what === undefined) return [];
  const cause = fields['reason'] ?? fields['cause'];
  const by = whoBegan(typeof fields['by'] === 'string' ? fields['by'] : byOperation(fields), begun);
  const said = { ...(by !== undefined && { by }), ...(typeof cause === 'string' && { cause }) };
  return [{ atMs, kind, ...(node !== undefined && { node }), what, ...said }];
}

const byOperation = ({ operation }: Fields) => (operation === undefined ? undefined : `operation ${operation}`);

/** `operation 12 (ops)`, as long as it is remembered. */
function whoBegan(by: string | undefined, { operations, rollouts }: Begun): string | undefined {
  const [, what, id = ''] = /^(operation|rollout) (\d+)$/.exec(by ?? '') ?? [];
  const known = what === 'operation' ? operations[id]?.by : what === 'rollout' ? rollouts[id]?.by : undefined;
  return known === undefined ? by : `${by} (${known})`;
}
