/** The text of one overlay file for one node; what is the same on all nodes is rendered once. */
import { compileTemplate, type Template, type TemplateVariables } from './render.ts';

export interface TextRequest {
  /** The source file: an object that stays the same as long as its content does. */
  readonly key: object;
  readonly text: Uint8Array;
  /** As messages name it. */
  readonly source: string;
  /** Stands for the variables that all nodes see alike: as long as it is the same object, so are they. */
  readonly shared: object;
  readonly variables: TemplateVariables;
  readonly notHere: Readonly<Record<string, string>>;
}

/** A file that reads nothing else has one text for all nodes. */
const clusterWideNames = new Set(['cluster', 'network', 'nodes', 'slurm']);

/** Both only remember what would be computed again: a thousand nodes compile once and list each other once. */
const compiled = new WeakMap<object, Template>();
const clusterTexts = new WeakMap<object, Map<object, string>>();

export function renderText(request: TextRequest): string {
  const { key, shared, variables, notHere } = request;
  const known = clusterTexts.get(shared) ?? new Map<object, string>();
  clusterTexts.set(shared, known);
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const names = new Set<string>();
  const text = templateOf(request)(variables, { notHere, onRead: (name) => names.add(name) });
  if ([...names].every((name) => clusterWideNames.has(name))) known.set(key, text);
  return text;
}

function templateOf({ key, text, source }: TextRequest): Template {
  const template = compiled.get(key) ?? compileTemplate(Buffer.from(text).toString('utf8'), source);
  compiled.set(key, template);
  return template;
}
