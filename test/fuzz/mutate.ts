/** Inputs out of inputs: small changes by chance, the same ones for the same seed. */

/** A whole number from 0 up to, but not including, `below`. */
export type Chance = (below: number) => number;

/** mulberry32: short, and good enough to choose bytes. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export interface Material {
  readonly chance: Chance;
  readonly words: readonly Uint8Array[];
  readonly maxBytes: number;
  /** Another input, to take a piece of. */
  readonly other: () => Uint8Array;
}

/** Where counts, lengths and signs go wrong. */
const oddNumbers = [0, 1, 2, 4, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_ffff];

type Change = (bytes: Uint8Array, material: Material) => Uint8Array;

const changes: readonly Change[] = [
  (bytes, { chance }) => changed(bytes, chance, (at) => (bytes[at] ?? 0) ^ (1 << chance(8))),
  (bytes, { chance }) => changed(bytes, chance, () => chance(256)),
  (bytes, { chance }) => changed(bytes, chance, (at) => (bytes[at] ?? 0) + chance(33) - 16),
  (bytes, { chance }) => changed(bytes, chance, () => oddNumbers[chance(7)] ?? 0),
  putNumber,
  putWord,
  insertWord,
  (bytes, { chance }) => insert(bytes, chance(bytes.length + 1), filled(1 + chance(16), chance(256))),
  (bytes, { chance }) => bytes.slice(0, chance(bytes.length + 1)),
  removePiece,
  copyPiece,
  movePiece,
  joinOther,
];

/** One to eight changes, one on top of the other. */
export function mutate(input: Uint8Array, material: Material): Uint8Array {
  const { chance, maxBytes } = material;
  // Not slice(): that of a Buffer is a view.
  let bytes: Uint8Array = Uint8Array.from(input);
  for (let left = 1 << chance(4); left > 0; left--) {
    bytes = (changes[chance(changes.length)] ?? putWord)(bytes, material);
  }
  return bytes.subarray(0, maxBytes);
}

function changed(bytes: Uint8Array, chance: Chance, value: (at: number) => number): Uint8Array {
  const at = chance(bytes.length);
  if (bytes.length > 0) bytes[at] = value(at);
  return bytes;
}

/** Of two or four bytes, in either order. */
function putNumber(bytes: Uint8Array, { chance }: Material): Uint8Array {
  const size = chance(2) === 0 ? 2 : 4;
  if (bytes.length < size) return bytes;
  const at = chance(bytes.length - size + 1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value =
    chance(3) === 0 ? chance(bytes.length + 16) : (oddNumbers[chance(oddNumbers.length)] ?? 0) + chance(5) - 2;
  const isLittle = chance(2) === 0;
  if (size === 2) view.setUint16(at, value, isLittle);
  else view.setUint32(at, value, isLittle);
  return bytes;
}

function putWord(bytes: Uint8Array, { chance, words }: Material): Uint8Array {
  const word = words[chance(words.length)];
  if (word === undefined || word.length > bytes.length) return bytes;
  bytes.set(word, chance(bytes.length - word.length + 1));
  return bytes;
}

function insertWord(bytes: Uint8Array, { chance, words }: Material): Uint8Array {
  return insert(bytes, chance(bytes.length + 1), words[chance(words.length)] ?? new Uint8Array());
}

function removePiece(bytes: Uint8Array, { chance }: Material): Uint8Array {
  const [from, to] = piece(bytes, chance);
  return insert(bytes.subarray(0, from), from, bytes.subarray(to));
}

function copyPiece(bytes: Uint8Array, { chance }: Material): Uint8Array {
  const [from, to] = piece(bytes, chance);
  return insert(bytes, chance(bytes.length + 1), bytes.subarray(from, to));
}

function movePiece(bytes: Uint8Array, { chance }: Material): Uint8Array {
  const [from, to] = piece(bytes, chance);
  bytes.copyWithin(chance(bytes.length + 1), from, to);
  return bytes;
}

/** Begins as this one and ends as another, or takes a piece of it in. */
function joinOther(bytes: Uint8Array, { chance, other }: Material): Uint8Array {
  const second = other();
  if (chance(2) === 0) {
    const head = bytes.subarray(0, chance(bytes.length + 1));
    return insert(head, head.length, second.subarray(chance(second.length + 1)));
  }
  const [from, to] = piece(second, chance);
  return insert(bytes, chance(bytes.length + 1), second.subarray(from, to));
}

/** Mostly short ones. */
function piece(bytes: Uint8Array, chance: Chance): [from: number, to: number] {
  const from = chance(bytes.length + 1);
  const longest = Math.min(bytes.length - from, 1 << chance(12));
  return [from, from + chance(longest + 1)];
}

function insert(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + more.length);
  result.set(bytes.subarray(0, at), 0);
  result.set(more, at);
  result.set(bytes.subarray(at), at + more.length);
  return result;
}

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}
