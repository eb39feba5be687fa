/** The OpenAPI document as TypeScript types: for each call what it takes and what it answers. */
import { format } from 'prettier';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface TypedDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const methods = ['get', 'put', 'post', 'patch', 'delete'];

/** @param head stands before it, as a comment */
export function renderApiTypes({ paths, components }: TypedDocument, head: string): Promise<string> {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => `${name}: ${typeOf(schema)};`);
  const calls = Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      return operation === undefined ? [] : [`'${method.toUpperCase()} ${path}': ${callType(path, operation)};`];
    }),
  );
  const text = `/** ${head} */\n\nexport interface Schemas {\n${schemas.join('\n')}\n}\n\nexport interface Calls {\n${calls.join('\n')}\n}\n`;
  return format(text, { parser: 'typescript', singleQuote: true, printWidth: 120 });
}

function callType(path: string, { parameters = [], requestBody, responses }: Operation): string {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `${name}: string;`);
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const fields = query.map(({ name, schema }) => `${name}?: ${typeOf(schema)};`);
  const body = Object.values(requestBody?.content ?? {})[0];
  return [
    '{',
    names.length > 0 ? `path: { ${names.join(' ')} };` : '',
    fields.length > 0 ? `query?: { ${fields.join(' ')} };` : '',
    body === undefined ? '' : `body: ${typeOf(body.schema)};`,
    `answer: ${answerType(responses)};`,
    '}',
  ].join('\n');
}

/** Of every answer that is none of a problem. */
function answerType(responses: Operation['responses']): string {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content = {} }]) => Object.values(content)[0])
    .map((content) => (content === undefined ? 'undefined' : typeOf(content.schema)));
  return union(types);
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `Schemas['${schema.$ref.split('/').at(-1)}']`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return union(choices.map(typeOf));
  if (schema.allOf !== undefined) return `(${schema.allOf.map(typeOf).join(' & ')})`;
  return union([schema.type ?? 'unknown'].flat().map((type) => plainType(type, schema)));
}

function plainType(type: string, schema: Schema): string {
  switch (type) {
    case 'object':
      return objectType(schema);
    case 'array':
      if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeOf).join(', ')}]`;
      return `(${typeOf(schema.items ?? {})})[]`;
    case 'integer':
      return 'number';
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
    case 'unknown':
      return type;
    default:
      throw new Error(`a schema of the type ${type}`);
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    return `${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`;
  });
  if (fields.length > 0) return `{ ${fields.join(' ')} }`;
  if (typeof additionalProperties === 'object') return `Record<string, ${typeOf(additionalProperties)}>`;
  return 'Record<string, unknown>';
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  return distinct.length === 1 ? (distinct[0] ?? 'never') : `(${distinct.join(' | ')})`;
}
