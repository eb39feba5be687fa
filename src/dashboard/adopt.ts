/** Name and address that the next board could have: one more than the last that looks like a number. */

export interface Taken {
  readonly name: string;
  readonly address: string;
}

export interface Suggestion {
  readonly name: string;
  readonly address: string;
}

const firstName = 'node01';

export function suggestNode(nodes: readonly Taken[]): Suggestion {
  return {
    name: suggestName(nodes.map(({ name }) => name)),
    address: suggestAddress(nodes.map(({ address }) => address)),
  };
}

function suggestName(names: readonly string[]): string {
  const numbered = names.flatMap((name) => {
    const [, stem = '', digits] = /^(.*?)(\d+)$/.exec(name) ?? [];
    return digits === undefined ? [] : [{ stem, digits, number: Number(digits) }];
  });
  const last = numbered.toSorted((one, other) => one.number - other.number).at(-1);
  if (last === undefined) return firstName;
  return `${last.stem}${String(last.number + 1).padStart(last.digits.length, '0')}`;
}

/** The one after the highest; empty where there is nothing to go by, or no room. */
function suggestAddress(addresses: readonly string[]): string {
  const highest = addresses.map(toNumber).filter((value) => value !== undefined);
  if (highest.length === 0) return '';
  const next = Math.max(...highest) + 1;
  // .255 and .0 are often no address of a board.
  const usable = next % 256 === 255 ? next + 2 : next;
  return usable > 0xff_ff_ff_ff ? '' : toText(usable);
}

function toNumber(address: string): number | undefined {
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

const toText = (value: number) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
