/** The content of one overlay file for one node. What a template cannot tell apart is rendered once for all who see it alike. */
import { compileTemplate, type Template, type TemplateVariables } from './render.ts';
import { allVariables } from './template-names.ts';

export interface TemplateFile {
  /** The source file: an object that stays the same as long as its content does. */
  readonly key: { readonly bytes: Uint8Array };
  /** As messages name it. */
  readonly source: string;
  /** Variables that others see -> why this file does not. */
  readonly notHere?: Readonly<Record<string, string>>;
}

/** What one node's templates see, and with whom it shares that. */
export interface Sight {
  /** Stands for the variables that all nodes see alike: as long as it is the same object, so are they. */
  readonly shared: object;
  /** Stands for all other variables, but for those that `alike` names. */
  readonly own: object;
  /** Two nodes with the same text see this variable alike; undefined: it is each node's own. */
  readonly alike: (name: string) => string | undefined;
  readonly variables: TemplateVariables;
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
export function renderText(file: TemplateFile, sight: Sight): Uint8Array {
  const template = templateOf(file);
  const { isOwn, key } = readerOf(template.reads, sight);
  const known = knownTexts(file.key, sight.shared);
  const place = isOwn ? ofNode(known, sight.own) : known.alike;
  const found = place.get(key);
  if (found !== undefined) return found;
  const made = Buffer.from(template(sight.variables, file));
  place.set(key, made);
  return made;
}

/** Everything that decides what the template can read, as far as it is not the node's own. */
function readerOf(reads: ReadonlySet<string>, { variables, alike }: Sight): { isOwn: boolean; key: string } {
  const by: string[] = [];
  let isOwn = false;
  for (const name of reads.has(allVariables) ? Object.keys(variables) : reads) {
    // What is no variable is a field of one; read as a variable it is an error, and nothing is remembered.
    if (!Object.hasOwn(variables, name)) continue;
    const as = alike(name);
    if (as === undefined) isOwn = true;
    else if (as !== '') by.push(name, as);
  }
  return { isOwn, key: by.length === 0 ? '' : JSON.stringify(by) };
}

function knownTexts(key: object, shared: object): KnownTexts {
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

function templateOf({ key, source }: TemplateFile): Template {
  const template = compiled.get(key) ?? compileTemplate(Buffer.from(key.bytes).toString('utf8'), source);
  compiled.set(key, template);
  return template;
}

/** @throws ConfigError when it is no template */
export function checkTemplate(file: TemplateFile): void {
  templateOf(file);
}

/** @param variables all names that there are */
export function scopeOf(
  file: TemplateFile,
  alike: Sight['alike'],
  variables: readonly string[],
): { readonly scope: TextScope; readonly reads: readonly string[] } {
  const { reads } = templateOf(file);
  const names = variables.filter((name) => reads.has(name) || reads.has(allVariables));
  const as = names.map(alike);
  const scope = as.includes(undefined) ? 'node' : as.some((text) => text !== '') ? 'role' : 'cluster';
  return { scope, reads: names.toSorted() };
}
