/** Events as sentences, with the tone of what happened. */
import type { Event } from '../model/event.ts';
import type { Tone } from './tile.ts';
import { renderDuration } from './words.ts';

export interface ShownEvent {
  readonly id: number;
  readonly atMs: number;
  readonly kind: string;
  readonly node: string | undefined;
  readonly text: string;
  readonly tone: Tone;
}

type Fields = Event['fields'];

const of = (fields: Fields, name: string) => (fields[name] === undefined ? '' : String(fields[name]));
const by = (fields: Fields) => (fields['by'] === undefined ? '' : ` by ${fields['by']}`);
const because = (fields: Fields, name: string) => (fields[name] === undefined ? '' : `: ${fields[name]}`);
const after = ({ seconds }: Fields) => (typeof seconds === 'number' ? ` after ${renderDuration(seconds * 1000)}` : '');

function whatBegan(fields: Fields): string {
  if (fields['image'] !== undefined) return `a build of ${of(fields, 'image')}`;
  if (fields['secret'] !== undefined) return `another ${of(fields, 'secret')}`;
  return `role ${of(fields, 'role')} for ${of(fields, 'nodes')}`;
}

function edited({ role, ...edits }: Fields): string {
  const told = Object.entries(edits).map(([name, value]) => `${name} ${value}`);
  return `Role ${role} was edited: ${told.join(', ')}`;
}

/** What is not here is told by its kind and fields. */
const sentences: Readonly<Record<string, (fields: Fields) => string>> = {
  'boot.begun': (fields) => `was switched on${fields['image'] === undefined ? '' : `, boots ${fields['image']}`}`,
  'boot.phase': (fields) => `reached ${of(fields, 'phase')}${because(fields, 'detail')}`,
  'boot.ready': (fields) => `is ready${after(fields)}`,
  'boot.handed-over': (fields) => `is up${after(fields)}`,
  'boot.failed': (fields) => `failed${after(fields)}${because(fields, 'cause')}`,
  'boot.silent': (fields) => `fell silent${after(fields)}${because(fields, 'cause')}`,
  'boot.restarted': (fields) => `started again${after(fields)}`,
  'node.role-set': (fields) => `gets the role ${of(fields, 'to')} instead of ${of(fields, 'from')}${by(fields)}`,
  'node.added': (fields) => `was added as ${of(fields, 'role')}${by(fields)}`,
  'node.adopted': (fields) => `was adopted as ${of(fields, 'role')}${by(fields)}`,
  'node.removed': (fields) => `was removed${by(fields)}`,
  'node.changed': (fields) => `was changed${by(fields)}`,
  'node.reboot-asked': (fields) => `is to reboot${by(fields)}`,
  'node.rebooting': () => 'reboots',
  'node.reboot-failed': (fields) => `could not be told to reboot${because(fields, 'reason')}`,
  'node.shutdown-asked': (fields) => `is to shut down${by(fields)}`,
  'node.shutting-down': () => 'shuts down',
  'node.power-asked': (fields) => `power ${of(fields, 'action')} asked for${by(fields)}`,
  'node.power-on': () => 'has power',
  'node.power-off': () => 'has no power',
  'node.power-cycled': () => 'had its power cut and has it again',
  'node.power-failed': (fields) => `power could not be switched${because(fields, 'reason')}`,
  'node.image-set': (fields) => `boots ${of(fields, 'to')} instead of ${of(fields, 'from')}${by(fields)}`,
  'role.image-set': (fields) =>
    `Role ${of(fields, 'name')} boots ${of(fields, 'to')} instead of ${of(fields, 'from')}${by(fields)}`,
  'role.added': (fields) => `Role ${of(fields, 'role')} was added to cluster.yaml`,
  'role.edited': edited,
  'role.removed': (fields) => `Role ${of(fields, 'role')} was removed from cluster.yaml`,
  'operation.started': (fields) => `Operation ${of(fields, 'operation')} began: ${whatBegan(fields)}${by(fields)}`,
  'operation.step': (fields) =>
    `${of(fields, 'step')} ${of(fields, 'outcome') || 'goes on'} (operation ${of(fields, 'operation')})${because(fields, 'detail')}`,
  'operation.stopping': (fields) =>
    `Operation ${of(fields, 'operation')} begins no other node${because(fields, 'reason')}`,
  'operation.interrupted': (fields) => `Operation ${of(fields, 'operation')} was cut off, and is begun again`,
  'operation.resumed': (fields) =>
    `Operation ${of(fields, 'operation')} goes on with ${of(fields, 'nodes')}${by(fields)}`,
  'operations.held': (fields) => `All operations wait: the cluster is shut down${by(fields)}`,
  'operations.released': (fields) => `Operations go on${by(fields)}`,
  'operation.ended': (fields) =>
    `Operation ${of(fields, 'operation')} ended: ${of(fields, 'state')}${because(fields, 'reason')}`,
  'node.held': (fields) =>
    of(fields, 'generation') === 'hold'
      ? `is given the hold boot${by(fields)}${because(fields, 'reason')}`
      : `is held at generation ${of(fields, 'generation').slice(0, 12)}${by(fields)}${because(fields, 'reason')}`,
  'rollout.started': (fields) => `Rollout ${of(fields, 'rollout')} began${by(fields)}`,
  'rollout.wave-begun': (fields) => `Rollout ${of(fields, 'rollout')} begins wave ${of(fields, 'wave')}`,
  'rollout.wave-ended': (fields) => `Rollout ${of(fields, 'rollout')}: wave ${of(fields, 'wave')} is well`,
  'rollout.paused': (fields) => `Rollout ${of(fields, 'rollout')} is paused${by(fields)}${because(fields, 'reason')}`,
  'rollout.resumed': (fields) => `Rollout ${of(fields, 'rollout')} goes on${by(fields)}`,
  'rollout.aborting': (fields) =>
    `Rollout ${of(fields, 'rollout')} is taken back${by(fields)}${because(fields, 'reason')}`,
  'rollout.ended': (fields) =>
    `Rollout ${of(fields, 'rollout')} ended: ${of(fields, 'state')}${because(fields, 'reason')}`,
  'image.pinned': (fields) => `${of(fields, 'image')} stays${by(fields)}`,
  'image.unpinned': (fields) => `${of(fields, 'image')} may be cleaned up${by(fields)}`,
  'token.created': (fields) => `Token ${of(fields, 'name')} was made${by(fields)}`,
  'token.revoked': (fields) => `Token ${of(fields, 'name')} was revoked${by(fields)}`,
};

export function showEvent({ id, atMs, kind, node, fields }: Event): ShownEvent {
  const text = sentences[kind]?.(fields) ?? plain(kind, fields);
  return { id, atMs, kind, node, text, tone: toneOfEvent(kind, fields) };
}

function plain(kind: string, fields: Fields): string {
  const facts = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return [kind.replace(/[.-]/g, ' '), ...(facts.length > 0 ? [`(${facts.join(', ')})`] : [])].join(' ');
}

const good = /ready|handed-over|power-on$|power-cycled|adopted|added$|done$/;
const bad = /failed|silent|refused|rolled-back/;

function toneOfEvent(kind: string, fields: Fields): Tone {
  const verdict = `${kind} ${of(fields, 'state')} ${of(fields, 'result')}`.trim();
  if (bad.test(verdict)) return 'bad';
  if (good.test(verdict)) return 'good';
  return kind === 'boot.begun' || kind === 'boot.phase' || /^(operation|rollout)\./.test(kind) ? 'busy' : 'quiet';
}
