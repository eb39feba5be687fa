/** Which of two Debian versions is newer? As deb-version(7) says and dpkg does. */

interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

/** @returns below 0 when `a` is older, above 0 when it is newer */
export function compareDebianVersions(a: string, b: string): number {
  const [one, other] = [split(a), split(b)];
  return (
    one.epoch - other.epoch || compareParts(one.upstream, other.upstream) || compareParts(one.revision, other.revision)
  );
}

/** The epoch ends at the first colon, the revision begins after the last hyphen; a missing one counts as 0. */
function split(version: string): DebianVersion {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: colon === -1 ? 0 : Number(version.slice(0, colon)),
    upstream: hyphen === -1 ? rest : rest.slice(0, hyphen),
    revision: hyphen === -1 ? '0' : rest.slice(hyphen + 1),
  };
}

function compareParts(a: string, b: string): number {
  const [one, other] = [inTurn(a), inTurn(b)];
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const [left = '', right = ''] = [one[at], other[at]];
    const order = at % 2 === 0 ? compareTexts(left, right) : compareNumbers(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

/** Texts and numbers in turn, a text first: `1.2~rc1` is '', 1, '.', 2, '~rc', 1. */
function inTurn(part: string): readonly string[] {
  const pieces: readonly string[] = part.match(/\D+|\d+/g) ?? [];
  return /^\d/.test(part) ? ['', ...pieces] : pieces;
}

function compareTexts(a: string, b: string): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const order = weight(a[at]) - weight(b[at]);
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde sorts before the end, letters before all else. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.codePointAt(0) ?? 0;
  return /[A-Za-z]/.test(character) ? code : code + 256;
}

/** As long as they come: a date with time and hash has more digits than a double keeps. */
function compareNumbers(a: string, b: string): number {
  const [one, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (one.length !== other.length) return one.length - other.length;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
