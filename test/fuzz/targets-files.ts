/** Files that others made: boot.img and boot.sig, device trees; and the archive that is made from names others chose. */
import { deepEqual } from 'node:assert/strict';

import { decodeBootSig, encodeBootSig } from '../../src/wire/boot-sig.ts';
import { encodeCpio, type CpioEntry } from '../../src/wire/cpio.ts';
import { decodeDeviceTree, readCells, readStrings, type DeviceTreeNode } from '../../src/wire/device-tree.ts';
import { readFat } from '../../src/wire/fat.ts';
import { decodePartitionTable } from '../../src/wire/partition-table.ts';
import { deviceTreeBlob } from '../support/device-tree-blob.ts';
import { fatEntry, fatImage } from '../support/fat-image.ts';
import { gpt, mbr, sealGpt } from '../support/partition-table.ts';
import { decoded, latin1, promise, refused, sizeName, utf8, type FuzzTarget } from './target.ts';

const digest = 'a'.repeat(64);

const signature: FuzzTarget = {
  name: 'boot-sig',
  seeds: () =>
    [undefined, 'b'.repeat(512)].map((rsa2048) =>
      Uint8Array.from(Buffer.from(encodeBootSig({ sha256: digest, timestampSeconds: 1_700_000_000, rsa2048 }))),
    ),
  words: [digest, '\n', 'ts: ', 'rsa2048: ', ': ', 'b'.repeat(512)],
  maxBytes: 2048,
  run: (bytes) => {
    const read = decoded(() => decodeBootSig(utf8(bytes)));
    if (read === undefined) return refused;
    deepEqual(decodeBootSig(encodeBootSig(read)), read, 'it does not survive its own encoder');
    return String(read.rsa2048 === undefined);
  },
};

const fat: FuzzTarget = {
  name: 'fat',
  seeds: () => [
    smallFat({ 'A.TXT': 'one cluster', 'KERNEL8.IMG': 'x'.repeat(1100) }),
    smallFat({ 'CONFIG.TXT': '' }),
    withFolder(smallFat({ 'B.TXT': 'text' })),
  ],
  words: [
    [0xff, 0x0f],
    [0x0f],
    [0x10],
    [0x08],
    [0xe5],
    [0x55, 0xaa],
    [0x41, 0x61, 0, 0x62, 0],
    [2, 0, 0, 0],
    'A       TXT',
  ],
  maxBytes: 8192,
  run: (bytes) => {
    const files = decoded(() => readFat(bytes));
    if (files === undefined) return refused;
    let total = 0;
    let names = 0;
    for (const [path, content] of files) {
      total += content.byteLength;
      names += path.length;
    }
    promise(total <= bytes.byteLength, `${total} bytes of files out of ${bytes.byteLength}`);
    promise(names <= 64 * bytes.byteLength, `${names} characters of names out of ${bytes.byteLength} bytes`);
    const depth = Math.max(0, ...[...files.keys()].map((path) => path.split('/').length));
    return `${sizeName(files.size)} ${sizeName(total)} ${depth}`;
  },
};

/** Cut down to sixteen clusters, so that what chance changes has a meaning. */
function smallFat(files: Readonly<Record<string, string>>): Uint8Array {
  const image = fatImage(files).subarray(0, 19 * 512);
  image.writeUInt16LE(19, 19);
  return Uint8Array.from(image).slice(0, 19 * 512);
}

/** The first file becomes a folder that holds one with a long name. */
function withFolder(image: Uint8Array): Uint8Array {
  const bytes = Buffer.from(image);
  bytes.writeUInt8(0x10, 2 * 512 + 11);
  const at = 3 * 512;
  bytes.fill(0xff, at, at + 32);
  bytes.write('\x41l\0o\0n\0g\0\0\0', at, 'latin1');
  bytes.writeUInt8(0x0f, at + 11);
  bytes.write('LONG~1     ', at + 32, 'latin1');
  bytes.writeUInt8(0x20, at + 32 + 11);
  return Uint8Array.from(bytes);
}

/** FAT16 and FAT32 need so many clusters; behind the input they are all empty. */
const wideImage = Buffer.alloc(65_600 * 512);

const wideFat: FuzzTarget = {
  name: 'fat-wide',
  seeds: () => [wide(16), wide(32)],
  words: [...fat.words, [0xff, 0xff], [0xff, 0xff, 0xff, 0x0f], [3, 0, 0, 0]],
  maxBytes: 8192,
  // A folder of 2 MB, which 8 kB of FAT can chain, has 65,536 entries.
  slowMs: 500,
  wholeBytes: wideImage.byteLength,
  run: (bytes) => {
    wideImage.set(bytes);
    try {
      return fat.run(wideImage);
    } finally {
      wideImage.fill(0, 0, bytes.byteLength);
    }
  },
};

/** A file of two clusters, and a folder with a file of its own. */
function wide(width: 16 | 32): Uint8Array {
  const bytes = Buffer.alloc(8 * 512);
  bytes.writeUInt16LE(512, 11);
  bytes.writeUInt8(1, 13);
  bytes.writeUInt16LE(1, 14);
  bytes.writeUInt8(1, 16);
  bytes.writeUInt16LE(width === 16 ? 16 : 0, 17);
  bytes.writeUInt32LE(width === 16 ? 5000 : 65_600, 32);
  bytes.writeUInt32LE(1, 36);
  bytes.writeUInt32LE(2, 44);
  bytes.writeUInt16LE(0xaa55, 510);
  const next = [0, 0, width === 16 ? 0xffff : 0x0fff_ffff, 4, 0x0fff_ffff, 0x0fff_ffff, 0x0fff_ffff];
  for (const [cluster, value] of next.entries()) {
    if (width === 16) bytes.writeUInt16LE(value & 0xffff, 512 + cluster * 2);
    else bytes.writeUInt32LE(value, 512 + cluster * 4);
  }
  const top = [
    { name: 'A', cluster: 3, sizeBytes: 900 },
    { name: 'D', attributes: 0x10, cluster: 5 },
  ];
  Buffer.concat(top.map(fatEntry)).copy(bytes, 2 * 512);
  const folderAt = (width === 16 ? 3 : 2) * 512 + 3 * 512;
  fatEntry({ name: 'B', cluster: 6, sizeBytes: 9 }).copy(bytes, folderAt);
  return bytes;
}

const tree: FuzzTarget = {
  name: 'device-tree',
  seeds: () => [
    deviceTreeBlob({ model: 'Raspberry Pi', soc: { 'ethernet@1': { compatible: ['a', 'b'], reg: [1, 2] } } }),
    deviceTreeBlob({ a: { b: { c: { d: { e: 'f' } } } } }),
  ],
  words: [
    [0, 0, 0, 1],
    [0, 0, 0, 2],
    [0, 0, 0, 3],
    [0, 0, 0, 4],
    [0, 0, 0, 9],
    [0xd0, 0x0d, 0xfe, 0xed],
    [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0],
  ],
  maxBytes: 4096,
  run: (bytes) => {
    const root = decoded(() => decodeDeviceTree(bytes));
    if (root === undefined) return refused;
    const { nodes, characters, depth } = measure(root);
    promise(characters <= 32 * bytes.byteLength, `${characters} characters out of ${bytes.byteLength} bytes`);
    return `${sizeName(nodes)} ${sizeName(depth)}`;
  },
};

function measure({ name, properties, children }: DeviceTreeNode): { nodes: number; characters: number; depth: number } {
  let characters = name.length;
  for (const [property, value] of properties) {
    characters += property.length;
    promise(readStrings(value).join('').length <= value.byteLength, 'strings longer than their value');
    promise(readCells(value).length <= value.byteLength / 4, 'more cells than there are');
  }
  const inside = children.map(measure);
  return {
    nodes: 1 + inside.reduce((sum, child) => sum + child.nodes, 0),
    characters: characters + inside.reduce((sum, child) => sum + child.characters, 0),
    depth: 1 + Math.max(0, ...inside.map((child) => child.depth)),
  };
}

const archive: FuzzTarget = {
  name: 'cpio',
  seeds: () => ['bin/sh\ndev', '+etc/passwd\n>init\nlib/a/b'].map((text) => Uint8Array.from(Buffer.from(text))),
  words: ['/', '../', '.', '\n', 'TRAILER!!!', '\0', '>', '+'],
  maxBytes: 400,
  run: (bytes) => {
    const entries = latin1(bytes).split('\n').map(entryOf);
    const made = decoded(() => encodeCpio(entries));
    if (made === undefined) return refused;
    promise(made.byteLength % 512 === 0, 'not whole blocks');
    promise(latin1(made).includes('TRAILER!!!'), 'an archive without an end');
    promise(Buffer.compare(made, encodeCpio(entries.toReversed())) === 0, 'other bytes for the same entries');
    return sizeName(made.byteLength / 512);
  },
};

function entryOf(line: string): CpioEntry {
  const path = line.slice(1);
  if (line.startsWith('>')) return { kind: 'link', path, target: line };
  if (line.startsWith('+')) return { kind: 'directory', path, mode: 0o755 };
  return { kind: 'file', path: line, mode: 0o644, bytes: new Uint8Array(line.length) };
}

const disk: FuzzTarget = {
  name: 'partition-table',
  seeds: () => [
    Uint8Array.from(mbr(7, [{ type: 0x0c, startBytes: 8_388_608, sizeBytes: 1024 }])),
    Uint8Array.from(gpt([{ type: '01'.repeat(16), id: '02'.repeat(16), firstSector: 34, lastSector: 99 }], 4)),
  ],
  words: ['EFI PART', [0x55, 0xaa], [0xee], [0x83], [128, 0, 0, 0], [92, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0]],
  maxBytes: 2048,
  repair: sealGpt,
  run: (bytes) => {
    const table = decoded(() => decodePartitionTable(bytes));
    if (table === undefined) return refused;
    const numbers = table.partitions.map(({ number }) => number);
    promise(new Set(numbers).size === numbers.length, 'two partitions have one number');
    for (const { startBytes, sizeBytes } of table.partitions) {
      promise(Number.isSafeInteger(startBytes + sizeBytes) && sizeBytes > 0, 'a partition of no size');
    }
    return `${table.kind} ${numbers.length}`;
  },
};

export const fileTargets = [signature, fat, wideFat, tree, archive, disk];
