/** JSON of what never changes once it is made: what is asked for again and again is written once. */

const texts = new WeakMap<object, string>();

/** @param value nobody changes it afterwards; whoever has something new to say has another object */
export function jsonText(value: object): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}

export function jsonListText(items: readonly object[]): string {
  return `[${items.map(jsonText).join(',')}]`;
}
