/** Flattened device trees (dtb files): what hardware a kernel is told of. Devicetree Specification 0.4, chapter 5. */
import { WireError } from '../model/errors.ts';

export interface DeviceTreeNode {
  /** Last part of its path, with the unit address: `ethernet@100000`. */
  readonly name: string;
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly DeviceTreeNode[];
}

const magic = 0xd00dfeed;
const headerBytes = 40;
const token = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const;

/** Real trees are at most nine deep; this bounds the recursion on a file made to hurt. */
const maxDepth = 64;

/** §2.2.1 and §2.2.4 allow 31. Many properties may share one name, so a long one would be copied as often. */
const maxNameBytes = 255;

/** @throws WireError when the file is cut off or is none. */
export function decodeDeviceTree(file: Uint8Array): DeviceTreeNode {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < headerBytes || view.getUint32(0) !== magic) throw new WireError('not a device tree');
  const cursor = { at: view.getUint32(8) };
  const word = (): number => {
    if (cursor.at + 4 > file.byteLength) throw new WireError('device tree is cut off');
    cursor.at += 4;
    return view.getUint32(cursor.at - 4);
  };
  const reader: Reader = { file, cursor, word, stringsAt: view.getUint32(12) };
  if (nextToken(reader) !== token.beginNode) throw new WireError('device tree without a root');
  return readNode(reader, 0);
}

interface Reader {
  readonly file: Uint8Array;
  readonly cursor: { at: number };
  readonly word: () => number;
  /** Where property names are. */
  readonly stringsAt: number;
}

function readNode(reader: Reader, depth: number): DeviceTreeNode {
  if (depth > maxDepth) throw new WireError(`device tree is deeper than ${maxDepth}`);
  const name = readName(reader.file, reader.cursor.at);
  skip(reader, Buffer.byteLength(name) + 1);
  const properties = new Map<string, Uint8Array>();
  const children: DeviceTreeNode[] = [];
  for (;;) {
    const found = nextToken(reader);
    if (found === token.endNode) return { name, properties, children };
    if (found === token.beginNode) children.push(readNode(reader, depth + 1));
    else if (found === token.property) readProperty(reader, properties);
    else throw new WireError(`device tree has a token ${found} inside ${name === '' ? '/' : name}`);
  }
}

function nextToken({ word }: Reader): number {
  for (;;) {
    const found = word();
    if (found !== token.nop) return found;
  }
}

function readProperty(reader: Reader, into: Map<string, Uint8Array>): void {
  const length = reader.word();
  const name = readName(reader.file, reader.stringsAt + reader.word());
  into.set(name, reader.file.subarray(reader.cursor.at, reader.cursor.at + length));
  skip(reader, length);
}

/** Everything is aligned to four bytes. */
function skip({ cursor, file }: Reader, length: number): void {
  cursor.at += Math.ceil(length / 4) * 4;
  if (cursor.at > file.byteLength) throw new WireError('device tree is cut off');
}

function readName(file: Uint8Array, at: number): string {
  const longest = file.subarray(at, at + maxNameBytes + 1);
  const end = longest.indexOf(0);
  if (end === -1 && longest.byteLength > maxNameBytes) throw new WireError('device tree has an endless name');
  if (end === -1) throw new WireError('device tree is cut off inside a name');
  return Buffer.from(longest.subarray(0, end)).toString('latin1');
}

/** A list of NUL-terminated strings, as `compatible` is. */
export function readStrings(value: Uint8Array | undefined): readonly string[] {
  if (value === undefined) return [];
  return Buffer.from(value)
    .toString('latin1')
    .split('\0')
    .filter((text) => text !== '');
}

/** A list of 32-bit numbers; a rest of less than four bytes is none. */
export function readCells(value: Uint8Array | undefined): readonly number[] {
  if (value === undefined) return [];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: Math.floor(value.byteLength / 4) }, (_, index) => view.getUint32(index * 4));
}
