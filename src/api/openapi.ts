/** The table of routes as an OpenAPI 3.1 document. */
import { componentSchemas, schemaRef, type JsonSchema } from './json-schema.ts';
import { problemAnswers, problemsOf } from './problem-answers.ts';
import { mergePatchType } from './read-request.ts';
import { takesKey } from './once.ts';
import { pageParameters } from './page.ts';
import type { AnswerSpec, QueryParameter, Route, Tag } from './route.ts';

const tags: Readonly<Record<Tag, string>> = {
  nodes: 'Boards with a name, an address and a role.',
  roles: 'What nodes are for, as cluster.yaml says.',
  operations: 'Work on nodes that takes minutes, step by step.',
  boards: 'Boards that asked for an address and have no name yet.',
  images: 'Image versions: published, chosen, built.',
  overlays: 'Small trees of files that make a node what it is.',
  service: 'The service itself.',
  tokens: 'Who may use the API over TCP.',
};

export function openApiDocument(routes: readonly Route[], version: string): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const item = (paths[route.path] ??= pathItem(route.path));
    item[route.method] = operation(route);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'pi-image',
      version,
      summary: 'Network boot for Raspberry Pi clusters',
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api/v1' }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
    paths,
    components: {
      schemas: componentSchemas(),
      responses: problemAnswers(),
      headers: {
        ETag: { description: 'Version of what was answered, for If-Match.', schema: { type: 'string' } },
        Link: { description: 'Where the next page is (RFC 8288); not on the last one.', schema: { type: 'string' } },
        Location: { description: 'Where the new resource is.', schema: { type: 'string' } },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: tokenText } },
    },
  };
}

const description = `Drives a running pi-image service. Over its Unix socket no token is asked for.

Bodies are read strictly: an unknown key is an error. A change takes \`?dryRun=true\`, which checks everything and answers what would change. \`If-Match\` with the ETag of an earlier answer makes sure that nobody else has changed the resource in between. A POST takes \`Idempotency-Key\`: repeated with the same key within a day it is carried out once and answered again (422 when it is another request). Every change is on the disk, with an event that says who made it, before it is answered.`;

const tokenText = `From \`pi-image token create NAME --scope SCOPE\`. \`read\` sees everything but secrets, \`operate\` also changes roles and reboots, \`admin\` also changes nodes, adopts boards and makes tokens.`;

function pathItem(path: string): Record<string, unknown> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  if (names.length === 0) return {};
  return { parameters: names.map((name) => Object.assign({ name, in: 'path', required: true }, pathParameters[name])) };
}

/** A new name in a path without an entry here fails the test of the document. */
const pathParameters: Readonly<Record<string, JsonSchema>> = {
  name: { description: 'Its name.', schema: { type: 'string' }, example: 'node01' },
  version: { description: 'Its version.', schema: { type: 'string' }, example: '20261121.1' },
  id: { description: 'Its number.', schema: { type: 'string' }, example: '12' },
  mac: { description: 'Its Ethernet address.', schema: { type: 'string' }, example: '2c:cf:67:0a:0b:0c' },
};

function operation(route: Route): Record<string, unknown> {
  const { id, tag, scope, summary, description: text } = route;
  const needs = scope === 'none' ? 'Needs no token.' : `Needs the scope \`${scope}\`.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: text === undefined ? needs : `${text} ${needs}`,
    // Both: anybody may ask, and with a token the answer holds more.
    security: scope === 'none' ? [{}, { token: [] }] : [{ token: [scope] }],
    ...list('parameters', parametersOf(route)),
    ...bodyOf(route),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer, route)])),
      ...Object.fromEntries(problemsOf(route).map(({ status, ref }) => [status, ref])),
    },
  };
}

function parametersOf(route: Route): JsonSchema[] {
  const { isChange = false, isGuarded = false, isPaged = false, isResumable = false, query = [] } = route;
  const parameters = [...query, ...(isPaged ? pageParameters : [])].map(queryParameter);
  if (isChange) {
    const text = 'Check everything and answer what would change; change nothing.';
    const schema = { type: 'string', enum: ['true', 'false'], default: 'false' };
    parameters.push({ name: 'dryRun', in: 'query', description: text, schema });
  }
  if (takesKey(route)) {
    const text =
      'Of your own choice, new for each request: one that is repeated with its key within a day is done once.';
    const schema = { type: 'string', minLength: 1, maxLength: 255 };
    parameters.push({ name: 'Idempotency-Key', in: 'header', description: text, schema });
  }
  if (isGuarded) {
    const text = 'ETag of an earlier answer: 412 when the resource is another by now.';
    parameters.push({ name: 'If-Match', in: 'header', description: text, schema: { type: 'string' } });
  }
  if (isResumable) {
    const text = 'Number of the last event that you have; 0 for all that are kept.';
    const schema = { type: 'string', pattern: String.raw`^\d{1,15}$` };
    parameters.push({ name: 'Last-Event-ID', in: 'header', description: text, schema });
  }
  return parameters;
}

function queryParameter({ name, description: text, json, isRepeatable = false, example }: QueryParameter): JsonSchema {
  const schema = isRepeatable ? { type: 'array', items: json } : json;
  return { name, in: 'query', description: text, schema, ...(example !== undefined && { example }) };
}

const list = (key: string, entries: readonly unknown[]) => (entries.length === 0 ? {} : { [key]: entries });

function bodyOf({ body }: Route): object {
  if (body === undefined) return {};
  const content = { schema: schemaRef(body.schema), example: body.example };
  const types = ['application/json', ...(body.isMergePatch === true ? [mergePatchType] : [])];
  return { requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, content])) } };
}

function answerOf(answer: AnswerSpec, { isPaged = false }: Route): object {
  const { summary, schema, example, mediaType = 'application/json', eventData } = answer;
  const headers = [...(answer.headers ?? []), ...(isPaged ? (['Link'] as const) : [])];
  const data = eventData && { contentMediaType: 'application/json', contentSchema: schemaRef(eventData) };
  return {
    description: summary,
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    }),
    content: { [mediaType]: { schema: { ...schemaRef(schema), ...data }, example } },
  };
}
