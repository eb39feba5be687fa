/** Text from a Handlebars template and variables. Strict: nothing is silently empty, nothing breaks out of its line. */
import Handlebars from 'handlebars';

import { ConfigError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import { guard } from './guard.ts';
import { namedHelpers, printValue } from './render-helpers.ts';
import { namesRead } from './template-names.ts';

export type TemplateVariables = Readonly<Record<string, unknown>>;

interface RenderOptions {
  /** Variables that exist elsewhere -> why they do not here; said instead of the list of variables. */
  readonly notHere?: Readonly<Record<string, string>> | undefined;
}

/** Compiled once, rendered for every node. */
export interface Template {
  (variables: TemplateVariables, options?: RenderOptions): string;
  /** The top variables that it can read; `this` among them: all of them. */
  readonly reads: ReadonlySet<string>;
}

/** @param source names the template in messages */
export function render(template: string, variables: TemplateVariables, source: string): string {
  return compileTemplate(template, source)(variables);
}

const builtInHelpers = ['if', 'unless', 'each', 'with', 'lookup'];
/** All that a template prints passes through this helper; no template can write its name. */
const printHelper = '(print)';

/** @throws ConfigError when the text is no template or calls a helper that does not exist */
export function compileTemplate(text: string, source: string): Template {
  const helpers = [...builtInHelpers, ...Object.keys(namedHelpers(source, (value) => value))];
  const { compiled, reads } = explained(source, () => {
    const program = Handlebars.parse(text);
    const names = namesRead(program);
    printAll(program, { source, helpers });
    const made = Handlebars.compile<object>(program, {
      noEscape: true,
      knownHelpersOnly: true,
      knownHelpers: Object.fromEntries([...helpers, printHelper].map((name) => [name, true])),
    });
    return { compiled: made, reads: names };
  });
  const renderWith = (variables: TemplateVariables, options?: RenderOptions) => {
    const guarded = guard(variables, { ...options, source });
    const runtime = {
      ...namedHelpers(source, guarded.unwrap),
      [printHelper]: (value: unknown, place: string) => printValue(guarded.unwrap(value), `${source}:${place}`),
    };
    return explained(source, () => compiled(guarded.variables, { helpers: runtime }));
  };
  return Object.assign(renderWith, { reads });
}

function explained<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${source} is not a template that can be rendered`, {
      cause: error,
      hint: 'Templates are Handlebars: {{node.name}}, {{#each nodes}}…{{/each}}, {{#if …}}…{{/if}}.',
    });
  }
}

interface Check {
  readonly source: string;
  readonly helpers: readonly string[];
}

/** Turns every `{{x}}` into `{{(print) x}}`, so that its value is checked where it lands. */
function printAll(program: hbs.AST.Program | undefined, check: Check): void {
  for (const statement of program?.body ?? []) {
    if (isMustache(statement)) printThrough(statement, check);
    else if (isBlock(statement)) {
      checkCall(statement, check);
      printAll(statement.program, check);
      printAll(statement.inverse, check);
    } else if (statement.type !== 'ContentStatement' && statement.type !== 'CommentStatement') {
      throw new ConfigError(`${placeOf(statement, check)}: partials and decorators are not available here`, {
        hint: 'Write the text into this file.',
      });
    }
  }
}

function printThrough(statement: hbs.AST.MustacheStatement, check: Check): void {
  const { path, params, hash, loc } = statement;
  const name = 'original' in path ? path.original : '';
  const isCall = params.length > 0 || check.helpers.includes(name);
  if (isCall) checkCall(statement, check);
  const value = isCall ? { type: 'SubExpression', path, params, hash, loc } : path;
  const place = `${loc.start.line}: {{${name}${isCall ? ' …' : ''}}}`;
  statement.path = { type: 'PathExpression', data: false, depth: 0, parts: [printHelper], original: printHelper, loc };
  statement.params = [value, { type: 'StringLiteral', value: place, original: place, loc }] as hbs.AST.Expression[];
}

interface Call extends hbs.AST.Node {
  readonly path?: hbs.AST.Node & { readonly original?: unknown };
  readonly params?: readonly hbs.AST.Node[];
}

/** A helper that does not exist must not be taken for a variable. */
function checkCall(call: Call, check: Check): void {
  const params = call.params ?? [];
  const name = String(call.path?.original);
  const isBlockOfVariable = call.type === 'BlockStatement' && params.length === 0;
  if (!isBlockOfVariable && !check.helpers.includes(name)) {
    throw new ConfigError(`${placeOf(call, check)}: there is no helper ${name}${didYouMean(name, check.helpers)}`, {
      hint: `Helpers: ${check.helpers.toSorted().join(', ')}.`,
    });
  }
  for (const param of params) if (param.type === 'SubExpression') checkCall(param, check);
}

function placeOf(node: hbs.AST.Node, check: Check): string {
  return `${check.source}:${node.loc.start.line}`;
}

function isMustache(statement: hbs.AST.Statement): statement is hbs.AST.MustacheStatement {
  return statement.type === 'MustacheStatement';
}

function isBlock(statement: hbs.AST.Statement): statement is hbs.AST.BlockStatement {
  return statement.type === 'BlockStatement';
}
