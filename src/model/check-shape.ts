/** Does this value have the shape of a schema? If not: problems in words of the person who wrote it. */
import type { z } from 'zod';

import { unreachable } from './errors.ts';
import { knownKeys } from './known-keys.ts';
import { didYouMean, nearest } from './nearest.ts';
import type { Problem } from './problem.ts';

export interface ShapeProblem extends Problem {
  /** A text was wanted and something else stands there: in YAML, quotes are missing. */
  readonly wantsText?: boolean;
}

export type Shaped<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly problems: readonly ShapeProblem[] };

export function checkShape<S extends z.ZodType>(schema: S, input: unknown): Shaped<z.output<S>> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return { kind: 'valid', value: result.data };
  return { kind: 'invalid', problems: result.error.issues.flatMap((issue) => explainIssue(issue, schema)) };
}

type Issue = z.core.$ZodIssue;

function explainIssue(issue: Issue, schema: z.core.$ZodType): ShapeProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, schema));
    case 'invalid_union':
      return explainUnion(issue, path, schema);
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues
        .flatMap((inner) => explainIssue(inner, schema))
        .map(({ message, hint }) => ({ path, message, hint }));
    case 'invalid_type':
      return [wrongType(issue, path)];
    case 'invalid_value':
      return [{ path, ...notOneOf(issue.input, issue.values.map(String)) }];
    case 'invalid_format':
      return [{ path, message: `${quote(issue.input)} is not ${noun(issue)}` }];
    case 'too_small':
    case 'too_big':
      return [{ path, message: outOfBounds(issue) }];
    case 'custom':
      return [{ path, message: issue.message, hint: hintOf(issue) }];
    case 'not_multiple_of':
      return [{ path, message: issue.message }];
    default:
      return unreachable(issue);
  }
}

function unknownKey(key: string, path: Problem['path'], schema: z.core.$ZodType): ShapeProblem {
  const known = knownKeys(schema, path);
  const close = nearest(key, known);
  return {
    path: [...path, key],
    message: `unknown key "${key}"${didYouMean(key, known)}`,
    hint: close === undefined ? `Known here: ${known.join(', ')}.` : `Write ${close} instead of ${key}.`,
  };
}

function wrongType(issue: z.core.$ZodIssueInvalidType, path: Problem['path']): ShapeProblem {
  const wanted = typeNames[issue.expected] ?? issue.expected;
  if (issue.input === undefined) return { path, message: `is missing; ${wanted} is wanted here` };
  if (issue.input === null) {
    return {
      path,
      message: `has no value; ${wanted} is wanted here`,
      hint: 'Give it a value or remove the key.',
      wantsText: false,
    };
  }
  const isQuoted = issue.expected === 'number' && typeof issue.input === 'string' && /^\d+$/.test(issue.input);
  const hint = isQuoted ? 'Remove the quotes.' : undefined;
  const isText = issue.expected === 'string' && ['number', 'boolean'].includes(typeof issue.input);
  return { path, message: `${wanted} is wanted here, not ${describe(issue.input)}`, hint, wantsText: isText };
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a block of keys',
  record: 'a block of names',
};

function describe(input: unknown): string {
  return typeof input === 'string' ? `the text ${quote(input)}` : quote(input);
}

function notOneOf(input: unknown, values: readonly string[]): { message: string; hint?: string } {
  const close = nearest(String(input), values);
  return {
    message: `${quote(input)} is not one of: ${values.join(', ')}`,
    ...(close !== undefined && { hint: `Did you mean ${close}?` }),
  };
}

/** Our schemas say what a text should be, as a noun: "a Debian package name". */
function noun(issue: z.core.$ZodIssueInvalidStringFormat): string {
  return issue.message.startsWith('Invalid ') ? `of the form ${issue.pattern ?? issue.format}` : issue.message;
}

function outOfBounds(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const limit = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  if (issue.origin === 'string') return `${quote(issue.input)} has the wrong length: ${limit} characters are wanted`;
  if (issue.origin === 'array' || issue.origin === 'set')
    return limit === 'at least 1' ? 'at least one entry is wanted here' : `${limit} entries are wanted here`;
  return `${quote(issue.input)} is out of bounds: ${limit} is wanted`;
}

function hintOf(issue: z.core.$ZodIssueCustom): string | undefined {
  const hint: unknown = issue.params?.['hint'];
  return typeof hint === 'string' ? hint : undefined;
}

/** The branch that the value comes closest to speaks for the union; when none is closer, all are named. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Problem['path'],
  schema: z.core.$ZodType,
): ShapeProblem[] {
  const branches = issue.errors.filter((issues) => !issues.some(isWrongKind));
  const [best, next] = branches.toSorted((a, b) => a.length - b.length);
  if (best !== undefined && (next === undefined || next.length > best.length)) {
    const inner = best.flatMap((one) => explainIssue(one, schema));
    return inner.map((problem) => Object.assign(problem, { path: [...path, ...problem.path] }));
  }
  if (best !== undefined)
    return [{ path, message: `write one of: ${[...new Set(branches.flatMap(keysOf))].join(', ')}` }];
  const wanted = issue.errors
    .flat()
    .flatMap((one) => (one.code === 'invalid_type' ? [typeNames[one.expected] ?? ''] : []));
  const message = `${either([...new Set(wanted)])} is wanted here, not ${describe(issue.input)}`;
  return [{ path, message: issue.input === null ? 'has no value' : message }];
}

/** `a text, a number or true or false` */
function either(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');
}

/** A text where a block is wanted: this branch of the union was not meant. */
function isWrongKind(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.path.length === 0;
}

function keysOf(issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => (issue.path.length > 0 ? [String(issue.path[0])] : []));
}

function quote(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object' && input !== null) return 'a block of keys';
  return typeof input === 'string' ? JSON.stringify(input) : String(input);
}
