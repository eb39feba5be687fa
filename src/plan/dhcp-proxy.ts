/** Beside a DHCP server that gives the addresses: firmware is told what to boot, and from where; nobody else is answered. */
import type { Ipv4Address } from '../model/ipv4.ts';
import { noAddress } from '../wire/dhcp.ts';
import { option, readAddress } from '../wire/dhcp-options.ts';
import { programFor } from './boot-program.ts';
import { proxyAnswer } from './dhcp-answer.ts';
import { saidOf, type DhcpClient, type DhcpSite } from './dhcp-client.ts';
import type { DhcpDecision, DhcpWho } from './dhcp-decision.ts';

export function decideProxy(client: DhcpClient, site: DhcpSite): DhcpDecision {
  const { type, pi } = client;
  if (type === 'request') return decideRequest(client);
  if (type !== 'discover') return ignore('another server gives the addresses here');
  if (!pi.wantsPiMenu && programFor(client, site).file === '') {
    return ignore('it is no firmware that loads files from here, and another server gives the addresses');
  }
  const who = whoIs(client, noAddress);
  const mustRecord = who.kind === 'node' && who.learnsMac;
  return { kind: 'answer', answer: 'proxy', ...saidOf(client), who, mustRecord, ...proxyAnswer(client, site) };
}

/** It goes to the other server, and says to everybody which address it got there. */
function decideRequest(client: DhcpClient): DhcpDecision {
  const { packet, pi } = client;
  const server = readAddress(packet.options, option.serverId);
  const address = readAddress(packet.options, option.requestedAddress);
  if (server === undefined || address === undefined) return ignore('another server gives the addresses here');
  // An operating system's says nothing of a boot. A Pi 4 before 2020 names no vendor class in its REQUEST.
  if (client.identity.kind === 'unknown' && !pi.isPi) return ignore(`it chose the DHCP server ${server}`);
  const who = whoIs(client, address);
  return { kind: 'elsewhere', server, reason: `it has ${address} from the DHCP server ${server}`, who, address };
}

/** @param address what it has, as far as that is known */
function whoIs({ identity, mac, pi, type }: DhcpClient, address: Ipv4Address): DhcpWho {
  if (identity.kind === 'node') {
    const { node, learnsMac } = identity;
    return { kind: 'node', node, mac, learnsMac, isFirmwareDiscover: type === 'discover' };
  }
  const { serial, board } = pi;
  return {
    kind: 'unknown',
    board: { mac, address, ...(serial !== undefined && { serial }), ...(board !== undefined && { board }) },
  };
}

function ignore(reason: string): DhcpDecision {
  return { kind: 'ignore', reason };
}
