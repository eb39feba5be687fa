/** Answers DHCP until it is told to stop: receive, decode, decide, write down where it must be, send. */
import { once } from 'node:events';

import type { Endpoint } from '../host/datagram/port.ts';
import { describeError } from '../model/describe-error.ts';
import { WireError } from '../model/errors.ts';
import type { Ipv4Address } from '../model/ipv4.ts';
import type { Leases } from '../plan/leases.ts';
import { freeIn } from '../plan/dhcp-seat.ts';
import { servedSubnets } from '../plan/subnets.ts';
import { AddressChecks } from './address-checks.ts';
import { DhcpAnswers } from './dhcp-answers.ts';
import { newDhcpCounters } from './dhcp-counters.ts';
import { declinedMs, type DhcpDeps } from './dhcp-deps.ts';
import { dhcpLog } from './dhcp-log.ts';
import { DhcpProblems } from './dhcp-problems.ts';
import { noServerText, otherServerText } from './foreign-dhcp.ts';

const tickMs = 30_000;
const foreignEveryMs = 180_000;

/** How many addresses are looked for before somebody wants them. */
const aheadOf = 8;

/** The socket stays open; whoever opened it closes it. */
export async function serveDhcp(deps: DhcpDeps, signal: AbortSignal): Promise<void> {
  const nowMs = deps.nowMs ?? Date.now;
  const counters = deps.counters ?? newDhcpCounters();
  const log = dhcpLog(deps.log, nowMs, counters);
  const checks = new AddressChecks(deps.probe, nowMs);
  const problems = new DhcpProblems(deps.report, nowMs);
  const answers = new DhcpAnswers({
    ...deps,
    nowMs,
    counters,
    checks,
    problems,
    log,
    lookAhead: () => lookAhead(deps, checks, nowMs),
  });
  deps.socket.receive({
    received: (bytes, from) => {
      if (!signal.aborted) received(answers, bytes, from);
    },
    failed: (error) => log.trouble('dhcp.socket', error.message, { reason: error.message }),
  });
  lookAhead(deps, checks, nowMs);
  const tick = setInterval(() => {
    checks.tidy();
    problems.tidy();
    lookAhead(deps, checks, nowMs);
  }, tickMs);
  const look = () => lookForOthers(deps, { answers, problems, signal });
  const watch = setInterval(() => void look(), foreignEveryMs);
  if (deps.looksAtOnce === true) void look();
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(tick);
  clearInterval(watch);
  deps.socket.receive(undefined);
  await answers.settled();

  function received(to: DhcpAnswers, bytes: Uint8Array, from: Endpoint): void {
    // Nothing that one message does may stop the next: every failure is told and ends here.
    try {
      to.handle(bytes, from);
    } catch (error) {
      const isMalformed = error instanceof WireError;
      if (isMalformed) counters.malformed++;
      // Malformed ones can come with any content from anywhere, so they count as one.
      const key = isMalformed ? '' : describeError(error);
      log.trouble(isMalformed ? 'dhcp.malformed' : 'dhcp.failed', key, {
        from: from.address,
        reason: describeError(error),
      });
    }
  }
}

/** So that most boards need not wait until somebody has been looked for at their address. */
function lookAhead({ site, leases }: DhcpDeps, checks: AddressChecks, nowMs: () => number): void {
  const now = site();
  const [home] = servedSubnets(now.network);
  if (home?.pool === undefined || now.network.dhcp !== 'server' || !now.network.probe) return;
  const isFree = freeIn({ subnet: home }, now);
  for (const address of leases.upcoming({ pool: home.pool, isFree }, aheadOf, nowMs())) {
    if (!checks.isClear(address) && !checks.isBusy) void findTaken(address, leases, checks, nowMs);
  }
}

async function findTaken(
  address: Ipv4Address,
  leases: Leases,
  checks: AddressChecks,
  nowMs: () => number,
): Promise<void> {
  const found = await checks.check(address);
  if (found === 'taken' && leases.holderOf(address) === undefined) leases.decline(address, nowMs() + declinedMs);
}

async function lookForOthers(
  { findForeign, site, log }: DhcpDeps,
  { answers, problems, signal }: { answers: DhcpAnswers; problems: DhcpProblems; signal: AbortSignal },
): Promise<void> {
  if (findForeign === undefined) return;
  const { network } = site();
  try {
    const servers = await findForeign((mac) => answers.ignoreOwn(mac), signal);
    if (network.dhcp === 'proxy')
      return problems.noServer(servers.length === 0 ? noServerText(network.interface) : undefined);
    problems.onlyServers(servers);
    for (const server of servers) problems.otherServer(server, otherServerText(server, network.interface));
  } catch (error) {
    if (!signal.aborted) log.warn('dhcp.not-looked', { reason: describeError(error) });
  }
}
