/** Asks and sets an SNMP agent over UDP, v2c or v3. What it is sent as a secret is in no error. */
import snmp, { type Session, type Varbind } from 'net-snmp';

import { HostError } from '../model/errors.ts';
import type { authProtocols, privacyProtocols } from '../model/power.ts';
import type { SnmpRow } from '../model/snmp.ts';

interface SnmpUser {
  readonly name: string;
  readonly auth?: { readonly protocol: (typeof authProtocols)[number]; readonly password: string } | undefined;
  readonly privacy?: { readonly protocol: (typeof privacyProtocols)[number]; readonly password: string } | undefined;
}

export interface SnmpAgent {
  readonly host: string;
  readonly port: number;
  readonly access: { readonly community: string } | { readonly user: SnmpUser };
  /** For one answer, with what is sent again meanwhile. */
  readonly timeoutMs: number;
}

export interface SnmpSession {
  /** What does not exist is left out. */
  readonly get: (oids: readonly string[]) => Promise<SnmpRow[]>;
  /** All below, in order; none when there is nothing. */
  readonly walk: (oid: string) => Promise<SnmpRow[]>;
  readonly setInteger: (oid: string, value: number) => Promise<void>;
  readonly close: () => void;
}

/** A switch that is busy answers late, not never; one that lost a datagram is asked again. */
const sends = 3;

/** Rows in one answer: what fits a datagram, whatever they hold. */
const rowsAtOnce = 20;

/** More than any switch has; an agent that never ends must not fill our memory. */
const mostRows = 200_000;

export function openSnmp(agent: SnmpAgent): SnmpSession {
  const session = openSession(agent);
  let failed: Error | undefined;
  // An address that cannot be resolved, an interface that is down: answers say it as well, and nobody else listens.
  session.on('error', (error) => (failed = error));
  const ask = <T>(send: (done: (error: Error | null, rows?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      send((error, rows) => {
        if (error !== null || rows === undefined) reject(explain(agent, error ?? failed));
        else resolve(rows);
      });
    });
  return {
    get: async (oids) => rowsOf(await ask<Varbind[]>((done) => session.get([...oids], done))),
    walk: (oid) => {
      const rows: SnmpRow[] = [];
      const feed = (varbinds: Varbind[]) => {
        rows.push(...rowsOf(varbinds));
        // The library ends a walk that is told so; its types say so for functions that say nothing else.
        return (rows.length > mostRows) as true;
      };
      return ask<SnmpRow[]>((done) => session.subtree(oid, rowsAtOnce, feed, (error) => done(error, rows)));
    },
    setInteger: async (oid, value) => {
      const wanted = { oid, type: snmp.ObjectType.Integer, value };
      await ask<Varbind[]>((done) => session.set([wanted], done));
    },
    close: () => void session.close(),
  };
}

function openSession({ host, port, access, timeoutMs }: SnmpAgent): Session {
  const options = { port, retries: sends - 1, timeout: Math.max(100, Math.floor(timeoutMs / sends)) };
  if ('community' in access) {
    return snmp.createSession(host, access.community, { ...options, version: snmp.Version2c });
  }
  return snmp.createV3Session(host, userOf(access.user), { ...options, version: snmp.Version3 });
}

function userOf({ name, auth, privacy }: SnmpUser): snmp.User {
  const { SecurityLevel, AuthProtocols, PrivProtocols } = snmp;
  if (auth === undefined) return { name, level: SecurityLevel.noAuthNoPriv };
  const authentic = { name, authProtocol: AuthProtocols[auth.protocol], authKey: auth.password };
  if (privacy === undefined) return { ...authentic, level: SecurityLevel.authNoPriv };
  const privProtocol = PrivProtocols[privacy.protocol];
  return { ...authentic, level: SecurityLevel.authPriv, privProtocol, privKey: privacy.password };
}

function rowsOf(varbinds: readonly Varbind[]): SnmpRow[] {
  return varbinds.flatMap((varbind): SnmpRow[] => {
    if (snmp.isVarbindError(varbind)) return [];
    const { oid, value } = varbind as { oid: string; value: unknown };
    const isKnown = typeof value === 'number' || typeof value === 'string' || value instanceof Uint8Array;
    return isKnown ? [{ oid, value }] : [];
  });
}

/** RFC 3416 §3: error-status as words that help. */
const refusals: Readonly<Record<number, string>> = {
  2: 'it has no such object',
  4: 'this object is read-only there',
  6: 'this user may not do that',
  16: 'this user may not do that',
  17: 'this object cannot be written there',
};

/** The library's own sentences may hold the community: only its kinds of errors are used. */
function explain({ host, port, access }: SnmpAgent, error: Error | undefined): HostError {
  const where = `the switch at ${host}${port === 161 ? '' : `:${port}`}`;
  const who = 'community' in access ? 'the community' : `the user ${access.user.name} and its passwords`;
  const may = `Check that ${who} may read and write there.`;
  const name = error?.name ?? '';
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  if (name === 'RequestTimedOutError') {
    // Agents keep silent when the community is wrong (RFC 3584 §5.2.1).
    return new HostError(`${where} does not answer SNMP`, { hint: `Is SNMP switched on there? ${may}` });
  }
  if (name === 'RequestFailedError' && typeof status === 'number') {
    return new HostError(`${where} refuses: ${refusals[status] ?? `SNMP error ${status}`}`, { hint: may });
  }
  if (name === 'ResponseInvalidError') {
    return new HostError(`${where} does not accept ${who}`, { hint: may });
  }
  const reason = typeof code === 'string' ? code : 'it cannot be asked';
  return new HostError(`${where} cannot be reached: ${reason}`, {
    hint: 'Check "host" of the switch in cluster.yaml.',
  });
}
