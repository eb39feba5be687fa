/**
 * Which top variables can a template read? Told from its syntax tree alone, so it holds for all values: where that is not
 * clear, a name counts as read.
 */

/** Among the names: all variables, as `{{json this}}` reads them. */
export const allVariables = 'this';

/** What a name without `../` belongs to: the variables, an entry of them, or either (a section may change the context or not). */
type Context = 'variables' | 'entry' | 'either';

/** @param program before anything is rewritten in it */
export function namesRead(program: hbs.AST.Program): ReadonlySet<string> {
  const names = new Set<string>();
  readProgram(program, 'variables', names);
  return names;
}

function readProgram(program: hbs.AST.Program | undefined, context: Context, names: Set<string>): void {
  for (const statement of program?.body ?? []) {
    if (statement.type === 'MustacheStatement') readCall(statement as hbs.AST.MustacheStatement, context, names);
    if (statement.type === 'BlockStatement') readBlock(statement as hbs.AST.BlockStatement, context, names);
  }
}

function readBlock(block: hbs.AST.BlockStatement, context: Context, names: Set<string>): void {
  readCall(block, context, names);
  readProgram(block.program, contextIn(block, context), names);
  const isSection = !hasArguments(block);
  readProgram(block.inverse, isSection ? 'either' : context, names);
}

/** `{{#x}}` enters x when it is a group, and stays where it is when it is true. */
function contextIn(block: hbs.AST.BlockStatement, outside: Context): Context {
  if (!hasArguments(block)) return 'either';
  const helper = block.path.original;
  return helper === 'if' || helper === 'unless' ? outside : 'entry';
}

interface Call {
  readonly path: hbs.AST.Expression;
  readonly params: readonly hbs.AST.Expression[];
  readonly hash?: hbs.AST.Hash;
}

const hasArguments = ({ params, hash }: Call) => params.length > 0 || (hash?.pairs.length ?? 0) > 0;

function readCall(call: Call, context: Context, names: Set<string>): void {
  const values = [...call.params, ...(call.hash?.pairs ?? []).map(({ value }) => value)];
  for (const value of hasArguments(call) ? values : [call.path]) readValue(value, context, names);
}

function readValue(value: hbs.AST.Expression, context: Context, names: Set<string>): void {
  if (value.type === 'SubExpression') return readSubExpression(value as hbs.AST.SubExpression, context, names);
  if (value.type !== 'PathExpression') return;
  const { data, depth, parts } = value as hbs.AST.PathExpression;
  const [first = allVariables, second = allVariables] = parts;
  if (data) {
    if (first === 'root') names.add(second);
    return;
  }
  // How far `../` leads depends on values: a block that enters what it is in already adds no level.
  if (depth > 0 || context !== 'entry') names.add(first);
}

/** A helper in parentheses is one also without arguments. */
function readSubExpression(call: hbs.AST.SubExpression, context: Context, names: Set<string>): void {
  if (hasArguments(call)) readCall(call, context, names);
}
