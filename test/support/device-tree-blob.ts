/** Writes device trees for tests: the reverse of wire/device-tree.ts, from a value. */

export interface TreeSketch {
  readonly [nameOrProperty: string]: TreeSketch | string | readonly string[] | readonly number[];
}

/** Objects become nodes, strings lists of strings, numbers cells. */
export function deviceTreeBlob(root: TreeSketch): Uint8Array {
  const names: string[] = [];
  const structure = Buffer.concat([node('', root, names), cells([9])]);
  const strings = Buffer.from(names.map((name) => `${name}\0`).join(''));
  const headerBytes = 40;
  const stringsAt = headerBytes + structure.byteLength;
  const header = [0xd00dfeed, stringsAt + strings.byteLength, headerBytes, stringsAt, headerBytes, 17, 16, 0];
  return Buffer.concat([cells([...header, strings.byteLength, structure.byteLength]), structure, strings]);
}

function node(name: string, sketch: TreeSketch, names: string[]): Buffer {
  const parts = Object.entries(sketch).map(([key, value]) =>
    typeof value === 'object' && !Array.isArray(value)
      ? node(key, value as TreeSketch, names)
      : property(key, value, names),
  );
  return Buffer.concat([cells([1]), padded(Buffer.from(`${name}\0`)), ...parts, cells([2])]);
}

function property(name: string, value: TreeSketch[string], names: string[]): Buffer {
  const bytes = bytesOf(value);
  const at = names.join('\0').length + (names.length > 0 ? 1 : 0);
  names.push(name);
  return Buffer.concat([cells([3, bytes.byteLength, at]), padded(bytes)]);
}

function bytesOf(value: TreeSketch[string]): Buffer {
  const list = typeof value === 'string' ? [value] : (value as (string | number)[]);
  if (list.every((item) => typeof item === 'number')) return cells(list);
  return Buffer.from(list.map((item) => `${item}\0`).join(''));
}

function cells(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.byteLength % 4)) % 4)]);
}
