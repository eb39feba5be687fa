/** What was acknowledged against what lies on the disk: each thing that is lost, or half there, as a sentence. */
import { hashToken } from '../../src/host/database/tokens.ts';
import type { Boot } from '../../src/model/boot.ts';
import type { AdminFact, BoardFact } from './chaos-facts.ts';
import type { Disk } from './chaos-site.ts';

type Fact = BoardFact | AdminFact;
type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

export function findLost(facts: readonly Fact[], disk: Disk, node: string): string[] {
  const boot = disk.boots.findLast((each) => each.node === node);
  return facts.flatMap((fact) => (isKept(fact, disk, boot) ? [] : [`lost: ${JSON.stringify(fact)}`]));
}

type Checks = { readonly [Kind in Fact['kind']]: (fact: FactOf<Kind>, disk: Disk, boot: Boot | undefined) => boolean };

const checks: Checks = {
  offer: ({ mac, address }, disk) => addressesOf(disk).get(mac) === address || isNamed(disk, mac),
  // It ends with the report of the overlay.
  token: ({ token }, _disk, boot) => boot?.token === token || hasPhase(boot, 'overlay'),
  overlay: ({ sha256, key }, _disk, boot) => boot?.overlaySha256 === sha256 && boot.key === key,
  phase: ({ phase }, _disk, boot) => hasPhase(boot, phase),
  'api-token': ({ secret }, { tokens }) =>
    tokens.some(({ sha256 }) => sha256 === hashToken(secret.slice('pi_'.length))),
  adopted: ({ mac, name }, { state }) => state.nodes.some((node) => node.name === name && node.mac === mac),
  event: ({ event }, { events }) => events.some((kept) => kept.id === event.id && isSame(kept, event)),
  // A later change may be the one whose answer was cut off: `findHalf` holds roles against their events.
  role: ({ node, role }, { events }) =>
    events.some((event) => event.kind === 'node.role-set' && event.node === node && event.fields['to'] === role),
  stuck: () => false,
  done: () => true,
};

function isKept<Kind extends Fact['kind']>(fact: FactOf<Kind>, disk: Disk, boot: Boot | undefined): boolean {
  const check: Checks[Kind] = checks[fact.kind];
  return check(fact, disk, boot);
}

/** Things that one transaction, or the order of two writes, must keep together. */
export function findHalf({ state, boots, tokens, events, frozen }: Disk): string[] {
  const has = (kind: string, fields: Record<string, unknown>, node?: string) =>
    events.some(
      (event) =>
        event.kind === kind &&
        (node === undefined || event.node === node) &&
        Object.entries(fields).every(([name, value]) => event.fields[name] === value),
    );
  const problems: string[] = [];
  const demand = (isTrue: boolean, otherwise: string) => void (isTrue || problems.push(otherwise));
  for (const boot of boots) {
    demand(frozen.has(boot.generation), `half: ${boot.id} without the files of its generation`);
    demand(has('boot.begun', { boot: boot.id }), `half: ${boot.id} without the event of its begin`);
    for (const { phase } of boot.phases.filter((each) => each.phase !== 'ready')) {
      demand(has('boot.phase', { boot: boot.id, phase }), `half: phase ${phase} without its event`);
    }
    const { closed } = boot;
    if (closed !== undefined)
      demand(has(`boot.${closed.reason}`, { boot: boot.id }), `half: ${closed.reason}, no event`);
  }
  for (const event of events.filter(({ kind }) => kind === 'boot.begun')) {
    demand(
      boots.some(({ id }) => id === event.fields['boot']),
      `half: event of a boot that is not there`,
    );
  }
  for (const { name, role } of state.nodes) {
    const last = events.findLast(({ kind, node }) => kind === 'node.role-set' && node === name);
    demand(last === undefined || last.fields['to'] === role, `half: ${name} is ${role}, its last event says otherwise`);
  }
  for (const { name } of tokens) demand(has('token.created', { name }), `half: token ${name} without its event`);
  for (const event of events.filter(({ kind }) => kind === 'node.adopted')) {
    demand(
      state.nodes.some(({ name }) => name === event.node),
      `half: event of ${event.node}, which is no node`,
    );
  }
  const ids = Object.values(state.exportIds);
  demand(new Set(ids).size === ids.length && ids.every((id) => id < state.nextExportId), 'half: export ids');
  return problems;
}

/** MAC -> address, of nodes with the MACs that were learned, and of unknown boards. */
function addressesOf({ state }: Disk): Map<string, string> {
  const known = state.nodes.flatMap(({ name, mac, address }): [string, string][] => {
    const own = mac ?? state.learnedMacs[name];
    return own === undefined ? [] : [[own, address]];
  });
  return new Map([...state.unknownBoards.map(({ mac, address }): [string, string] => [mac, address]), ...known]);
}

/** A board that became a node has the address that its owner chose. */
function isNamed({ events }: Disk, mac: string): boolean {
  return events.some(({ kind, fields }) => kind === 'node.adopted' && fields['mac'] === mac);
}

const hasPhase = (boot: Boot | undefined, wanted: string) =>
  boot?.phases.some(({ phase }) => phase === wanted) === true;

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
