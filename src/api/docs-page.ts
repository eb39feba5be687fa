/** The document as a page to read: made of it here, with nothing in it that asks another server for anything. */
import { schemaTable, typeText } from './docs-schema.ts';
import { code, escapeHtml, paragraph } from './html.ts';

export interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly responses: Readonly<Record<string, { readonly description: string }>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly { name: string; in: string; description: string; schema: unknown }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { $ref?: string; description?: string; content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: unknown; readonly example?: unknown }>>;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Nothing is loaded and nothing runs. */
export const pageHeaders = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

const methods = ['get', 'put', 'post', 'patch', 'delete'];

export function renderDocsPage(document: Document): string {
  const { info, servers, tags, components } = document;
  const calls = callsOf(document);
  const [{ url } = { url: '' }] = servers;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(info.title)} API</title>\n<style>${style}</style>\n</head>\n<body>`,
    `<header><h1>${escapeHtml(info.title)} API</h1><p>Version ${escapeHtml(info.version)}, below ${code(url)}; `,
    '<a href="openapi.json">openapi.json</a> is the same for programs.</p>',
    info.description.split('\n\n').map(paragraph).join(''),
    `</header>\n<nav aria-label="Calls">${tags.map((tag) => navigation(tag.name, calls)).join('')}`,
    '<p><a href="#schemas">Schemas</a></p></nav>\n<main>',
    ...tags.map(({ name, description }) => section(name, description, { calls, document })),
    '<section id="schemas"><h2>Schemas</h2>',
    ...Object.entries(components.schemas).map(([name, schema]) => schemaTable(name, schema)),
    '</section>\n</main>\n</body>\n</html>\n',
  ].join('\n');
}

function callsOf({ paths }: Document): Call[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method, path, operation }];
    }),
  );
}

const ofTag = (calls: readonly Call[], tag: string) => calls.filter(({ operation }) => operation.tags.includes(tag));

function navigation(tag: string, calls: readonly Call[]): string {
  const links = ofTag(calls, tag).map(({ method, path, operation }) => {
    return `<li><a href="#${operation.operationId}">${method.toUpperCase()} ${escapeHtml(path)}</a></li>`;
  });
  return `<h2>${escapeHtml(tag)}</h2><ul>${links.join('')}</ul>`;
}

function section(
  tag: string,
  description: string,
  { calls, document }: { readonly calls: readonly Call[]; readonly document: Document },
): string {
  const articles = ofTag(calls, tag).map((call) => article(call, document));
  return `<section><h2>${escapeHtml(tag)}</h2>${paragraph(description)}${articles.join('\n')}</section>`;
}

function article({ method, path, operation }: Call, document: Document): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  return [
    `<article id="${operationId}"><h3><b class="${method}">${method.toUpperCase()}</b> ${code(path)}</h3>`,
    `<p><strong>${escapeHtml(summary)}.</strong> ${paragraph(description).replace(/^<p>/, '')}`,
    parameters.length === 0 ? '' : parameterTable(parameters),
    requestBody === undefined ? '' : `<h4>Body</h4>${contentText(requestBody.content)}`,
    `<h4>Answers</h4><dl>${Object.entries(responses)
      .map((entry) => answer(entry, document))
      .join('')}</dl></article>`,
  ].join('\n');
}

function parameterTable(parameters: NonNullable<Operation['parameters']>): string {
  const rows = parameters.map(({ name, in: place, description, schema }) => {
    const cells = [code(name), escapeHtml(place), typeText(schema), paragraph(description)];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<h4>Parameters</h4><table>${rows.join('')}</table>`;
}

function answer(
  [status, { $ref, description, content }]: [string, Operation['responses'][string]],
  document: Document,
) {
  const told = description ?? document.components.responses[$ref?.split('/').at(-1) ?? '']?.description ?? '';
  return `<dt>${escapeHtml(status)}</dt><dd>${escapeHtml(told)}${content === undefined ? '' : contentText(content)}</dd>`;
}

function contentText(content: Content): string {
  const types = Object.keys(content).map(code).join(' or ');
  const [{ schema, example } = { schema: {} }] = Object.values(content);
  const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2);
  return `<details><summary>${types}: ${typeText(schema)}</summary><pre>${escapeHtml(text)}</pre></details>`;
}

const style = `
:root { color-scheme: light dark; --line: #8885; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: 0.7rem; overflow: auto; max-height: 30rem; }
nav { columns: 18rem; border-block: 1px solid var(--line); padding-block: 1rem; }
nav ul { list-style: none; padding: 0; margin: 0 0 1rem; }
nav h2 { font-size: 1rem; margin: 0; }
article { border-top: 1px solid var(--line); padding-top: 0.5rem; }
h3 b { display: inline-block; min-width: 4.5rem; }
h4 { margin: 0.8rem 0 0.2rem; }
table { border-collapse: collapse; }
td { border-top: 1px solid var(--line); padding: 0.2rem 0.7rem 0.2rem 0; vertical-align: top; }
td p, dd { margin-block: 0; }
dt { float: left; clear: left; font-weight: bold; }
dd { margin-left: 4.5rem; }
summary { cursor: pointer; }
:target { background: var(--soft); }
`;
