/** Can these switches be asked, and is the policy of power one that can be kept? */
import type { Cluster } from '../model/cluster.ts';
import { unreachable } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Switch } from '../model/power.ts';
import type { Problem } from '../model/problem.ts';

export function checkSwitches(cluster: Cluster): Problem[] {
  const switches = Object.entries(cluster.switches);
  return [
    ...switches.flatMap(([name, settings]) => checkSwitch(settings, ['switches', name])),
    ...checkPolicy(cluster),
  ];
}

function checkSwitch(settings: Switch, path: Problem['path']): Problem[] {
  switch (settings.driver) {
    case 'snmp':
      return [...checkSnmp(settings, path), ...notUsed(settings, ['command'], path)];
    case 'command':
      return [...checkCommand(settings, path), ...notUsed(settings, [...ofSnmp], path)];
    case 'none':
      return notUsed(settings, [...ofSnmp, 'command'], path);
    default:
      return unreachable(settings.driver);
  }
}

const ofSnmp = ['host', 'community', 'user', 'auth', 'privacy', 'portNumbers', 'budgetWatts'] as const;

function notUsed(settings: Switch, keys: readonly (keyof Switch)[], path: Problem['path']): Problem[] {
  return keys
    .filter((key) => settings[key] !== undefined)
    .map((key) => ({ path: [...path, key], message: `the driver ${settings.driver} does not use it` }));
}

function checkSnmp({ host, community, user, auth, privacy }: Switch, path: Problem['path']): Problem[] {
  const problems: Problem[] = [];
  const add = (key: keyof Switch | undefined, message: string, hint: string) => {
    problems.push({ path: key === undefined ? path : [...path, key], message, hint });
  };
  if (host === undefined) add(undefined, 'the driver snmp needs the host of the switch', 'Write "host: 10.42.0.2".');
  if (community === undefined && user === undefined) {
    const hint = 'Write "community: { file: /etc/pi-image/sw1 }" for v2c, or user, auth and privacy for v3.';
    add(undefined, 'the driver snmp needs a community or a user', hint);
  }
  if (community !== undefined && user !== undefined) {
    add('user', 'a switch is asked by a community (v2c) or by a user (v3), not by both', 'Remove one of them.');
  }
  if (user === undefined && (auth !== undefined || privacy !== undefined)) {
    add(auth === undefined ? 'privacy' : 'auth', 'belongs to a user, and there is none', 'Write "user:" beside it.');
  }
  if (privacy !== undefined && auth === undefined) {
    add('privacy', 'SNMPv3 encrypts only what it authenticates', 'Write "auth: { file: … }" beside it.');
  }
  return problems;
}

function checkCommand({ command, trusted }: Switch, path: Problem['path']): Problem[] {
  const [program] = command ?? [];
  if (program === undefined) {
    const hint = 'Write "command: [/etc/pi-image/power]".';
    return [{ path, message: 'the driver command needs a command', hint }];
  }
  const problems: Problem[] = [];
  if (!program.startsWith('/')) {
    const hint = 'The service has no PATH of its own: write where the program lies.';
    problems.push({ path: [...path, 'command', 0], message: `"${program}" is not an absolute path`, hint });
  }
  if (trusted.length > 0) {
    const message = 'the driver command cannot tell what is behind a port, so all are trusted';
    problems.push({ path: [...path, 'trusted'], message });
  }
  return problems;
}

/** IEEE 802.3 lets a switch hold back a port for some seconds; boards keep charge for about as long. */
const leastOffMs = 5000;
const longestOffMs = 600_000;

function checkPolicy({ power, roles, slurm }: Cluster): Problem[] {
  const isKept = power.off >= leastOffMs && power.off <= longestOffMs;
  const off: Problem = {
    path: ['power', 'off'],
    message: 'a port stays off for 5 s to 10 min in a cycle',
    hint: 'Shorter, a board may not notice it.',
  };
  return [...(isKept ? [] : [off]), ...checkOrder(power.order ?? [], Object.keys(roles), slurm?.controllerRole)];
}

function checkOrder(order: readonly string[], known: readonly string[], controllerRole: string | undefined): Problem[] {
  return order.flatMap((role, index): Problem[] => {
    const path = ['power', 'order', index];
    if (!known.includes(role)) return [{ path, message: `there is no role ${role}${didYouMean(role, known)}` }];
    if (order.indexOf(role) !== index) return [{ path, message: `${role} stands here twice` }];
    if (role !== controllerRole || index === order.length - 1) return [];
    const hint = `Write ${role} last: it is shut down after all others, and started before them.`;
    return [{ path, message: 'others still need the Slurm controller', hint }];
  });
}
