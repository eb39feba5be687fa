/** Begins boots: a board was switched on, and its node has none open. */
import { randomBytes } from 'node:crypto';

import type { Boot } from '../model/boot.ts';
import type { FrozenBoot } from '../model/frozen-boot.ts';
import type { Generation } from '../model/generation.ts';
import type { NodeSpec } from '../model/node.ts';
import { beginBoot, canMove, closeRestarted, decideBegin, type BootSign } from '../plan/boot-timeline.ts';
import { tokenBytes } from '../plan/boot-token.ts';
import { impostorReason } from '../plan/challenge.ts';
import { add, change } from './boot-changes.ts';
import { bootEvents } from './boot-events.ts';
import type { BootSigns } from './boot-signs.ts';
import type { Arrival, Arrive, BootsDeps } from './boots-deps.ts';

/** A boot that is on its way to the disk. */
interface Beginning {
  readonly generation: string;
  readonly boot: Promise<Boot>;
}

/** Node -> its boot that begins. */
export type Beginnings = Map<string, Beginning>;

export function arriver(deps: BootsDeps & { readonly signs: BootSigns }, beginnings: Beginnings): Arrive {
  const { file, site, now, signs } = deps;
  const claims: Claims = new Map();
  return async function arrive(node, mac, sign): Promise<Arrival> {
    const settling = deps.settle?.(node);
    if (settling !== undefined) await settling;
    const again = () => arrive(node, mac, sign);
    const busy = whileBusy(beginnings, claims, { node, again });
    if (busy !== undefined) return busy;
    const desired = site.desired(node);
    if (desired.kind === 'refused') return desired;
    const { id } = desired.frozen.generation;
    const last = file.current().boots.findLast((boot) => boot.node === node.name);
    const decision = decideBegin({ last, sign, desired: id, address: node.address, nowMs: now() });
    if (decision.kind === 'refused') return decision;
    if (decision.kind === 'continue') {
      const { boot } = decision;
      file.amend(change(boot.id, (open) => ({ ...open, lastSeenMs: now() })));
      return { kind: 'boot', boot };
    }
    if (decision.closes !== undefined && sign !== 'discover' && decision.closes.address !== node.address) {
      if (canMove(decision.closes, { desired: id, nowMs: now() }))
        return { kind: 'boot', boot: await move(deps, decision.closes, node) };
    }
    const challenge = challenged(deps, claims, { node, mac, sign, again });
    if (challenge !== undefined) return challenge;
    // What was seen until now is of the boot before.
    signs.flush();
    const boot = begin(deps, { node, mac, sign, begun: desired.frozen, closes: decision.closes });
    beginnings.set(node.name, { generation: id, boot });
    return { kind: 'boot', boot: await boot.finally(() => beginnings.delete(node.name)) };
  };
}

interface Again {
  readonly node: NodeSpec;
  readonly again: () => Promise<Arrival>;
}

/** Node -> the one who claims to be its board, while the node is asked whether it runs, and until that one's boot has begun. */
type Claims = Map<string, { readonly isUp: Promise<boolean>; readonly over: Promise<unknown> }>;

/** Whoever asks meanwhile finds the boot that has begun, or hears why it cannot. */
function whileBusy(beginnings: Beginnings, claims: Claims, { node, again }: Again): Promise<Arrival> | undefined {
  const begins = beginnings.get(node.name);
  if (begins !== undefined) return begins.boot.then(again);
  const claim = claims.get(node.name);
  return claim?.over.then(() => claim.isUp).then((isUp) => (isUp ? impostor(node) : again()));
}

/** A node that runs and answers has not been switched on: whoever says so is somebody else. */
function challenged(
  { challenges, file }: BootsDeps,
  claims: Claims,
  { node, mac, sign, again }: Again & { readonly mac: string; readonly sign: BootSign },
): Promise<Arrival> | undefined {
  const running = challenges?.whoMustAnswer(file.current().boots, node.name);
  const isUp = running && challenges?.ask(running, { mac, sign });
  if (isUp === undefined) return undefined;
  const arrival = isUp.then((answers) => {
    claims.delete(node.name);
    return answers ? impostor(node) : again();
  });
  claims.set(node.name, { isUp, over: arrival.catch(() => undefined) });
  return arrival;
}

const impostor = ({ name }: NodeSpec): Arrival => ({ kind: 'refused', reason: impostorReason(name) });

/** It is on the disk before its token leaves for there. */
async function move({ file, log }: BootsDeps, boot: Boot, { address }: NodeSpec): Promise<Boot> {
  await file.update(change(boot.id, (open) => ({ ...open, address })));
  log.info('boot.moved', { node: boot.node, boot: boot.id, from: boot.address, address });
  return file.current().boots.find(({ id }) => id === boot.id) ?? { ...boot, address };
}

interface Arriving {
  readonly node: NodeSpec;
  readonly mac: string;
  readonly sign: BootSign;
  readonly begun: FrozenBoot;
  readonly closes: Boot | undefined;
}

/** What it boots is on the disk before the boot that names it: a service that is killed between the two must go on. */
async function begin(deps: BootsDeps, { node, mac, sign, begun, closes: over }: Arriving): Promise<Boot> {
  const { file, frozen, now, log } = deps;
  await frozen.save(begun);
  const { generation } = begun;
  const boots = { generation: generation.id, image: imageOf(generation), role: generation.role };
  const facts = { node: node.name, mac, address: node.address, ...boots, sign, nowMs: now() };
  const boot = beginBoot({ ...facts, ...newKeys(node, now()) });
  const closes = file.current().boots.find(({ id, closed }) => id === over?.id && closed === undefined);
  const closed = closes && closeRestarted(closes, now());
  const close = closes && change(closes.id, (open) => closeRestarted(open, now()));
  const events = [...(closed === undefined ? [] : bootEvents(closes, closed)), ...bootEvents(undefined, boot)];
  await file.update((before) => add(close === undefined ? before : close(before), boot), events);
  log.info('boot.begun', { node: node.name, boot: boot.id, address: boot.address, image: boot.image });
  return boot;
}

/** `node01-20261121T081500-3f9a`: sorts by time, and says whose it is. */
function newKeys(node: NodeSpec, nowMs: number): { id: string; token: string } {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\..*$/g, '');
  return {
    id: `${node.name}-${time}-${randomBytes(2).toString('hex')}`,
    token: randomBytes(tokenBytes).toString('base64url'),
  };
}

const imageOf = ({ image }: Generation) => `${image.name}@${image.version}`;
