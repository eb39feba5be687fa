/** A switch of cluster.yaml as something that can be asked and told: by SNMP, or by its owner's program. */
import { statusByCommand, switchByCommand } from '../host/power-command.ts';
import { openSnmp, type SnmpAgent, type SnmpSession } from '../host/snmp.ts';
import { HostError, unreachable } from '../model/errors.ts';
import type { PortPower, SecretFile, Switch } from '../model/power.ts';
import type { SnmpRow } from '../model/snmp.ts';
import { adminEnableOf, matchPorts, portOid, portPower, readBudget, readPowerPorts } from '../plan/power-ports.ts';
import type { SwitchFacts } from '../plan/power.ts';
import { power, tables } from '../plan/switch-oids.ts';
import { readSwitchPorts } from '../plan/switch-tables.ts';

export interface PowerTarget {
  readonly node: string;
  readonly port: number;
}

export interface PowerDriver {
  readonly read: (target: PowerTarget) => Promise<PortPower>;
  readonly set: (target: PowerTarget, wanted: 'on' | 'off') => Promise<void>;
  /** All that decides what may be switched. @param targets whom a driver asks that can only be asked one by one */
  readonly facts: (targets: readonly PowerTarget[]) => Promise<SwitchFacts>;
  readonly close: () => void;
}

export interface DriverDeps {
  /** The first line of a file of the owner. @throws ConfigError */
  readonly secret: (name: string, file: SecretFile) => Promise<string>;
  readonly signal: AbortSignal;
}

/** @throws ConfigError when a secret is missing */
export async function openDriver(name: string, settings: Switch, deps: DriverDeps): Promise<PowerDriver> {
  switch (settings.driver) {
    case 'snmp':
      return snmpDriver(openSnmp(await agentOf(name, settings, deps)), settings);
    case 'command':
      return commandDriver(settings, deps.signal);
    case 'none':
      throw new HostError(`${name} is switched by hand: its driver is none`);
    default:
      return unreachable(settings.driver);
  }
}

async function agentOf(name: string, settings: Switch, { secret }: DriverDeps): Promise<SnmpAgent> {
  const { host = '', port, community, user = '', auth, privacy, timeout: timeoutMs } = settings;
  const at = { host, port, timeoutMs };
  if (community !== undefined) return { ...at, access: { community: await secret(`${name}.community`, community) } };
  const login = {
    name: user,
    auth: auth && { protocol: auth.protocol, password: await secret(`${name}.auth`, auth) },
    privacy: privacy && { protocol: privacy.protocol, password: await secret(`${name}.privacy`, privacy) },
  };
  return { ...at, access: { user: login } };
}

function snmpDriver(session: SnmpSession, { group, portNumbers, budgetWatts }: Switch): PowerDriver {
  const read = async ({ port }: PowerTarget): Promise<PortPower> => {
    const oids = [portOid('adminEnable', group, port), portOid('detectionStatus', group, port)];
    const rows = await session.get(oids);
    const [admin, detected] = oids.map((oid) => integerOf(rows.find((row) => row.oid === oid)));
    if (admin === undefined) throw new HostError(`the switch has no port ${port} that gives power`);
    return portPower(admin, detected);
  };
  return {
    read,
    set: ({ port }, wanted) => session.setInteger(portOid('adminEnable', group, port), adminEnableOf(wanted)),
    facts: async () => {
      const walks = await walkAll(session, tables);
      const learned = readSwitchPorts(walks);
      const rows = await walkAll(session, power);
      const ports = readPowerPorts(rows, group);
      return {
        ...matchPorts([...ports.keys()], learned, portNumbers),
        learned,
        ports,
        budget: readBudget(rows, group, budgetWatts),
      };
    },
    close: session.close,
  };
}

const integerOf = (row: SnmpRow | undefined) => (typeof row?.value === 'number' ? row.value : undefined);

/** One after the other: agents of small switches have one slow processor. */
async function walkAll<Name extends string>(
  session: SnmpSession,
  oids: Readonly<Record<Name, string>>,
): Promise<Record<Name, SnmpRow[]>> {
  const walks: [string, SnmpRow[]][] = [];
  for (const [name, oid] of Object.entries<string>(oids)) walks.push([name, await session.walk(oid)]);
  return Object.fromEntries(walks) as Record<Name, SnmpRow[]>;
}

function commandDriver({ command = [], timeout: timeoutMs }: Switch, signal: AbortSignal): PowerDriver {
  const how = { command, timeoutMs, signal };
  const read = async (target: PowerTarget): Promise<PortPower> => ({ power: await statusByCommand(target, how) });
  return {
    read,
    set: (target, wanted) => switchByCommand(wanted, target, how),
    facts: async (targets) => {
      const ports = await Promise.all(targets.map(async (target) => [target.port, await read(target)] as const));
      return { behind: undefined, disputed: new Map(), learned: [], ports: new Map(ports), budget: undefined };
    },
    close: () => undefined,
  };
}
