/** Reads the YAML files that people write: every problem of a file at once, each with its line and what to do. */
import { readFile } from 'node:fs/promises';

import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
} from 'yaml';
import type { z } from 'zod';

import { checkShape, type ShapeProblem } from '../model/check-shape.ts';
import { ConfigError } from '../model/errors.ts';
import {
  inFileOrder,
  placeProblems,
  ProblemsError,
  type Place,
  type PlacedProblem,
  type ProblemPath,
} from '../model/problem.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { renderYaml } from './yaml-text.ts';

export { renderYaml } from './yaml-text.ts';

export interface YamlFile<T> {
  readonly value: T;
  readonly place: Place;
}

/** @param whenMissing what to do when there is no such file */
export async function readYamlFile<S extends z.ZodType>(
  file: string,
  schema: S,
  whenMissing?: string,
): Promise<YamlFile<z.output<S>>> {
  return parseYaml(await readText(file, whenMissing), file, schema);
}

/** @throws ProblemsError with all problems of the text */
export function parseYaml<S extends z.ZodType>(text: string, file: string, schema: S): YamlFile<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const syntax = [...document.errors, ...document.warnings].map((error) => explainSyntax(error, file, lines));
  if (syntax.length > 0) throw new ProblemsError(syntax.slice(0, 1));
  const place: Place = (path) => ({ file, line: lineOf(document, path, lines), key: keyOf(document, path) });
  const bent = bentValues(document);
  const shaped = checkShape(schema, toValue(document, file));
  if (shaped.kind === 'valid' && bent.length === 0) return { value: shaped.value, place };
  const wrong = shaped.kind === 'valid' ? [] : shaped.problems.map((problem) => addQuotesHint(problem, document));
  const known = new Set(wrong.map((problem) => JSON.stringify(problem.path)));
  const problems = [...wrong, ...bent.filter((problem) => !known.has(JSON.stringify(problem.path)))];
  throw new ProblemsError(inFileOrder(placeProblems(problems, place)));
}

/** Adds an entry and leaves every other line as the person wrote it. */
export async function addToYamlList(file: string, key: string, value: object): Promise<void> {
  const text = await readText(file, undefined);
  const list: unknown = parseDocument(text).get(key, true);
  const hasItems = isSeq(list) && list.items.length > 0;
  if (!hasItems || list.flow === true || list.range === null || list.range === undefined) {
    const document = parseDocument(text);
    if (hasItems) document.addIn([key], document.createNode(value));
    else document.set(key, [value]);
    return writeFileAtomically(file, document.toString({ lineWidth: 0 }));
  }
  const [start, end] = list.range;
  const indent = ' '.repeat(start - (text.lastIndexOf('\n', start - 1) + 1));
  const before = text.slice(0, end).trimEnd();
  const entry = renderYaml([value]).trimEnd().replaceAll(/^/gm, indent);
  await writeFileAtomically(file, `${before}\n${entry}\n${text.slice(before.length).replace(/^[ \t]*\n/, '')}`);
}

async function readText(file: string, whenMissing: string | undefined): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      throw new ConfigError(`there is no ${file}`, { ...(whenMissing !== undefined && { hint: whenMissing }) });
    }
    const hint = error.code === 'EACCES' ? 'Run the command as root, or as the owner of the file.' : undefined;
    throw new ConfigError(`cannot read ${file}`, { cause: error, ...(hint !== undefined && { hint }) });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError(`${file} is not a text in UTF-8`, { cause: error });
  }
}

/** Hints for what people get wrong most in YAML itself. */
const syntaxHints: readonly (readonly [code: string, hint: string])[] = [
  ['TAB_AS_INDENT', 'Replace the tab by spaces.'],
  ['DUPLICATE_KEY', 'Remove one of the two.'],
  ['BAD_SCALAR_START', 'Put the value in quotes.'],
  ['BLOCK_AS_IMPLICIT_KEY', 'Put the value in quotes, or start a new line after the first ":".'],
  ['MULTIPLE_DOCS', 'Remove the line "---": one file is one document.'],
  ['BAD_INDENT', 'Keys of one block start in the same column; brackets and quotes must be closed.'],
  ['MISSING_CHAR', 'Close the quotes or brackets.'],
];

function explainSyntax(error: YAMLError, file: string, lines: LineCounter): PlacedProblem {
  const hint = syntaxHints.find(([code]) => code === error.code)?.[1];
  const message = error.code === 'DUPLICATE_KEY' ? 'this key stands here twice' : error.message;
  return { file, line: lines.linePos(error.pos[0]).line, key: '', message, hint };
}

function toValue(document: Document, file: string): unknown {
  if (document.contents === null) throw new ConfigError(`${file} is empty`);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // An alias without its anchor, or aliases that multiply without end.
    throw new ConfigError(`${file} cannot be read`, { cause: error });
  }
}

/** Values that YAML would silently turn into others: 1.10 into 1.1, 0123 into 123. */
function bentValues(document: Document): ShapeProblem[] {
  const problems: ShapeProblem[] = [];
  visit(document, {
    Scalar: (key, scalar, parents) => {
      const path = pathOf([...parents, scalar]);
      if (key === 'key' && scalar.value === '__proto__') problems.push({ path, message: 'this key is not allowed' });
      if (key === 'key' || typeof scalar.value !== 'number') return;
      const { source = '' } = scalar;
      if (source === String(scalar.value)) return;
      const message = `${source} would be read as the number ${scalar.value}`;
      problems.push({ path, message, hint: `Put it in quotes: "${source}".` });
    },
  });
  return problems;
}

/** @param nodes from the document down to a value, as `visit` passes them */
function pathOf(nodes: readonly unknown[]): ProblemPath {
  const path: (string | number)[] = [];
  for (const [depth, node] of nodes.entries()) {
    const next = nodes[depth + 1];
    if (isSeq(node)) path.push(node.items.indexOf(next));
    if (isPair(node)) path.push(isScalar(node.key) ? String(node.key.value) : '');
  }
  return path;
}

/** A serial such as 12345678 or 0123e456 is a number to YAML: the text as it stands there is what was meant. */
function addQuotesHint(problem: ShapeProblem, document: Document): ShapeProblem {
  if (problem.wantsText !== true) return problem;
  const node = document.getIn(problem.path, true);
  if (!isScalar(node) || node.source === undefined) return problem;
  const kind = typeof node.value === 'number' ? 'a number' : String(node.value);
  return {
    ...problem,
    message: `${node.source} is read as ${kind}, and a text is wanted here`,
    hint: `Put it in quotes: "${node.source}".`,
  };
}

/** The line of the key or entry; where it does not exist, of what it is missing in. */
function lineOf(document: Document, path: ProblemPath, lines: LineCounter): number {
  for (let length = path.length; length > 0; length -= 1) {
    const start = startOf(document, path.slice(0, length));
    if (start !== undefined) return lines.linePos(start).line;
  }
  return lines.linePos(document.contents?.range?.[0] ?? 0).line;
}

function startOf(document: Document, path: ProblemPath): number | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isSeq(parent)) {
    const item = parent.items[Number(last)];
    return isNode(item) ? item.range?.[0] : undefined;
  }
  if (!isMap(parent)) return undefined;
  const key = parent.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(last))?.key;
  return isNode(key) ? key.range?.[0] : undefined;
}

/** `roles.compute.image`; an entry of a list goes by its name when it has one: `node03.mac`, else `overlays[1]`. */
function keyOf(document: Document, path: ProblemPath): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part === 'string') return text === '' ? part : `${text}.${part}`;
    const name: unknown = document.getIn([...path.slice(0, index + 1), 'name']);
    if (typeof name !== 'string') return `${text}[${part}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
