/** The content of one overlay file for one node. What a template cannot tell apart is rendered once for all who see it alike. */
import { compileTemplate, type Template, type TemplateVariables } from './render.ts';
import { allVariables } from './template-names.ts';

export interface TextRequest {
  /** The source file: an object that stays the same as long as its content does. */
  readonly key: object;
  readonly text: Uint8Array;
  /** As messages name it. */
  readonly source: string;
  /** Stands for the variables that all nodes see alike: as long as it is the same object, so are they. */
  readonly shared: object;
  /** Stands for all other variables, but for those that `alike` names. */
  readonly own: object;
  /** Two nodes with the same text see this variable alike; undefined: it is each node's own. */
  readonly alike: (name: string) => string | undefined;
  readonly variables: TemplateVariables;
  readonly notHere: Readonly<Record<string, string>>;
}

/** Who gets the same text: all nodes, those of a role that have the same variables, or each node its own. */
export type TextScope = 'cluster' | 'role' | 'node';

interface KnownTexts {
  /** By what nodes see alike of that which the template reads. */
  readonly alike: Map<string, Uint8Array>;
  readonly own: WeakMap<object, Map<string, Uint8Array>>;
}

/** These only remember what would be computed again: a thousand nodes compile once and list each other once. */
const compiled = new WeakMap<object, Template>();
const texts = new WeakMap<object, WeakMap<object, KnownTexts>>();

/** The same object for the same text of the same file. */
export function renderText(request: TextRequest): Uint8Array {
  const { reads } = templateOf(request);
  const { isOwn, key } = readerOf(reads, request);
  const known = knownTexts(request);
  const place = isOwn ? ofNode(known, request.own) : known.alike;
  const made = place.get(key) ?? Buffer.from(templateOf(request)(request.variables, request));
  place.set(key, made);
  return made;
}

/** Everything that decides what the template can read, as far as it is not the node's own. */
function readerOf(reads: ReadonlySet<string>, { variables, alike }: TextRequest) {
  const names = reads.has(allVariables) ? Object.keys(variables) : [...reads];
  // What is no variable is a field of one; read as a variable it is an error, and nothing is remembered.
  const seen = names.filter((name) => Object.hasOwn(variables, name)).map((name) => [name, alike(name)] as const);
  const by = seen.filter(([, as]) => as !== undefined && as !== '');
  return { isOwn: seen.some(([, as]) => as === undefined), key: by.length === 0 ? '' : JSON.stringify(by) };
}

function knownTexts({ shared, key }: TextRequest): KnownTexts {
  const ofShared = texts.get(shared) ?? new WeakMap<object, KnownTexts>();
  texts.set(shared, ofShared);
  const known = ofShared.get(key) ?? { alike: new Map(), own: new WeakMap() };
  ofShared.set(key, known);
  return known;
}

function ofNode({ own }: KnownTexts, node: object): Map<string, Uint8Array> {
  const known = own.get(node) ?? new Map<string, Uint8Array>();
  own.set(node, known);
  return known;
}

function templateOf({ key, text, source }: Pick<TextRequest, 'key' | 'text' | 'source'>): Template {
  const template = compiled.get(key) ?? compileTemplate(Buffer.from(text).toString('utf8'), source);
  compiled.set(key, template);
  return template;
}

/** @throws ConfigError when it is no template */
export function checkTemplate(file: Pick<TextRequest, 'key' | 'text' | 'source'>): void {
  templateOf(file);
}

/** @param variables all names that there are; `alike` as in TextRequest, for any node */
export function scopeOf(
  file: Pick<TextRequest, 'key' | 'text' | 'source' | 'alike'>,
  variables: readonly string[],
): { readonly scope: TextScope; readonly reads: readonly string[] } {
  const { reads } = templateOf(file);
  const names = variables.filter((name) => reads.has(name) || reads.has(allVariables));
  const as = names.map(file.alike);
  const scope = as.includes(undefined) ? 'node' : as.some((text) => text !== '') ? 'role' : 'cluster';
  return { scope, reads: names.toSorted() };
}
