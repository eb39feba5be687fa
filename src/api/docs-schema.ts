/** JSON Schemas in words: a line for a type, a table for what has a name. */
import { code, escapeHtml, paragraph } from './html.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly items?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

/** As HTML, on one line. */
export function typeText(of: unknown): string {
  const schema = of as Schema;
  if (schema.$ref !== undefined) return link(schema.$ref.split('/').at(-1) ?? '');
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(' or ');
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(typeText).join(' or ');
  if (schema.items !== undefined) return `list of ${typeText(schema.items)}`;
  if (schema.properties !== undefined) return fields(schema);
  const values = schema.additionalProperties;
  if (typeof values === 'object' && values !== null) return `object of ${typeText(values)}`;
  return escapeHtml([schema.type ?? 'anything'].flat().join(' or '));
}

export function schemaTable(name: string, of: unknown): string {
  const schema = of as Schema;
  const about = schema.description === undefined ? '' : paragraph(schema.description);
  const { properties } = schema;
  const content = properties === undefined ? `<p>${typeText(schema)}</p>` : table(schema);
  return `<article id="schema-${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3>${about}${content}</article>`;
}

function link(name: string): string {
  return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`;
}

function table({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([key, value]) => {
    const { description } = value as Schema;
    const cells = [
      code(key),
      required.includes(key) ? '' : 'optional',
      typeText(value),
      description === undefined ? '' : paragraph(description),
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<table>${rows.join('')}</table>`;
}

/** An object in a field of another one. */
function fields(schema: Schema): string {
  return `object ${table(schema)}`;
}
