/**
 * Would the firewall of this machine let a board in? A hint, not a proof: rules are read as text, jumps are not followed,
 * and whatever accepts a port anywhere counts for it.
 */

export interface ServedPort {
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  /** What boards want there. */
  readonly what: string;
}

/** What "nft list ruleset" or "iptables-save" printed. */
export interface Firewall {
  readonly kind: 'nft' | 'iptables';
  readonly text: string;
}

/** Of one line: what it does to which packets. */
interface Rule {
  readonly verdict: 'accept' | 'drop';
  readonly device: string | undefined;
  readonly protocol: string | undefined;
  readonly ports: readonly (readonly [first: number, last: number])[] | undefined;
  /** It looks at something else as well: the state of a connection, an address, a rate. */
  readonly isNarrow: boolean;
}

interface Chain {
  readonly rules: readonly Rule[];
  readonly drops: boolean;
}

export function blockedPorts(firewall: Firewall, ports: readonly ServedPort[], device: string): ServedPort[] {
  const { text } = firewall;
  const chains = firewall.kind === 'nft' ? nftInput(text) : iptablesInput(text);
  const accepted = (
    firewall.kind === 'nft' ? text.split('\n').map(nftRule) : text.split('\n').map(iptablesRule)
  ).filter((rule) => rule?.verdict === 'accept');
  return ports.filter((port) =>
    chains.some((chain) => {
      const first = chain.rules.find((rule) => !rule.isNarrow && fits(rule, port, device));
      if (first !== undefined) return first.verdict === 'drop';
      return (
        chain.drops &&
        !accepted.some((rule) => rule !== undefined && fits(rule, port, device) && rule.ports !== undefined)
      );
    }),
  );
}

function fits({ device, protocol, ports }: Rule, wanted: ServedPort, interfaceName: string): boolean {
  return (
    (device === undefined || device === interfaceName) &&
    (protocol === undefined || protocol === wanted.protocol) &&
    (ports === undefined || ports.some(([first, last]) => first <= wanted.port && wanted.port <= last))
  );
}

/** Chains that see what comes in: `type filter hook input priority filter; policy drop;` and their rules. */
function nftInput(text: string): Chain[] {
  const chains = text.split(/^\s*chain /m).slice(1);
  return chains
    .filter((chain) => /hook input\b/.test(chain))
    .map((chain) => {
      const rules = chain.split('\n').slice(1).map(nftRule);
      return { rules: rules.filter((rule) => rule !== undefined), drops: /policy drop/.test(chain) };
    });
}

function nftRule(line: string): Rule | undefined {
  const verdict = verdictOf(/\b(accept|drop|reject)\b/.exec(line)?.[1]);
  if (verdict === undefined || /\bpolicy\b/.test(line)) return undefined;
  const [, protocol, listed = ''] = /\b(udp|tcp) dport (\{[^}]*\}|\S+)/.exec(line) ?? [];
  const device = /\bi(?:if|ifname) "?([\w.-]+)"?/.exec(line)?.[1];
  const rest = line.replace(/\b(?:udp|tcp) dport (?:\{[^}]*\}|\S+)/, '').replace(/\bi(?:if|ifname) \S+/, '');
  const isNarrow = /\b(?:ct|ip6?|ether|limit|meta|icmp\w*|saddr|mark)\b/.test(rest);
  return { verdict, device, protocol, ports: protocol === undefined ? undefined : portsOf(listed), isNarrow };
}

/** `:INPUT DROP [0:0]`, `-A INPUT -i eth0 -p udp -m udp --dport 67:68 -j ACCEPT`. */
function iptablesInput(text: string): Chain[] {
  const policy = /^:INPUT (\w+)/m.exec(text)?.[1];
  if (policy === undefined) return [];
  const rules = text
    .split('\n')
    .filter((line) => line.startsWith('-A INPUT '))
    .map(iptablesRule);
  return [{ rules: rules.filter((rule) => rule !== undefined), drops: policy === 'DROP' }];
}

function iptablesRule(line: string): Rule | undefined {
  const verdict = verdictOf(/ -j (ACCEPT|DROP|REJECT)\b/.exec(line)?.[1]?.toLowerCase());
  if (verdict === undefined) return undefined;
  const listed = / --dports? (\S+)/.exec(line)?.[1];
  return {
    verdict,
    device: / -i (\S+)/.exec(line)?.[1],
    protocol: / -p (\S+)/.exec(line)?.[1],
    ports: listed === undefined ? undefined : portsOf(listed.replaceAll(':', '-')),
    isNarrow: / (?:-s|-d|--ctstate|--state|--limit|-m (?:mac|owner|mark|set)) ?/.test(line),
  };
}

function verdictOf(word: string | undefined): Rule['verdict'] | undefined {
  if (word === 'accept') return 'accept';
  return word === 'drop' || word === 'reject' ? 'drop' : undefined;
}

const serviceNames: Readonly<Record<string, number>> = { bootps: 67, tftp: 69, http: 80, nfs: 2049 };

/** `67`, `{ 67, 69 }`, `60-70`, `bootps`. */
function portsOf(text: string): [number, number][] {
  return text
    .replaceAll(/[{}\s]/g, '')
    .split(',')
    .map((part) => {
      const [first = '', last = first] = part.split('-');
      return [portOf(first), portOf(last)];
    });
}

const portOf = (word: string) => serviceNames[word] ?? Number(word);
