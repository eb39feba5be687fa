/** JSON of what never changes once it is made: what is asked for again and again is written once. */
import { isSameList } from '../model/same-list.ts';

const texts = new WeakMap<object, string>();

/** @param value nobody changes it afterwards; whoever has something new to say has another object */
export function jsonText(value: object): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}

interface KeptList {
  readonly items: readonly object[];
  readonly bytes: Buffer;
}

/** Of a thousand nodes each holds a megabyte. */
const mostLists = 4;

/** @returns what writes lists; one whose things are those of a list that was sent lately is sent again as it is */
export function jsonLists(): (items: readonly object[]) => Buffer {
  let kept: readonly KeptList[] = [];
  return (items) => {
    const known = kept.find((list) => isSameList(list.items, items));
    if (known !== undefined) return known.bytes;
    const bytes = Buffer.from(`[${items.map(jsonText).join(',')}]`);
    kept = [{ items, bytes }, ...kept.slice(0, mostLists - 1)];
    return bytes;
  };
}
