/** The page of the document: every call and every schema is on it, its links lead somewhere, and it loads nothing. */
import { expect, test } from 'vitest';

import { escapeHtml, paragraph } from '../../src/api/html.ts';
import { apiRoutes } from '../../src/api/routes/all.ts';
import { readDocument } from '../support/api-document.ts';
import { fakeApi } from '../support/fake-actions.ts';
import { loopbackApi } from '../support/loopback-api.ts';

const routes = apiRoutes('1.2.3');

async function readPage() {
  const { ask } = await loopbackApi(fakeApi().actions, { version: '1.2.3' });
  return ask('/api/v1/docs');
}

test('every call is on it, and every answer', async () => {
  const { text, headers } = await readPage();

  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  for (const { id, method, path, summary, answers } of routes) {
    const article = new RegExp(`<article id="${id}">.*?</article>`, 's').exec(text)?.[0] ?? '';
    expect(article).toContain(`<b class="${method}">`);
    expect(article).toContain(`<code>${path}</code>`);
    expect(article).toContain(`<strong>${escapeHtml(summary)}.</strong>`);
    for (const status of [...Object.keys(answers), '401']) expect(article).toContain(`<dt>${status}</dt>`);
  }
});

test('every link on it leads somewhere', async () => {
  const { text } = await readPage();
  const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, target = '']) => target);

  expect(links.length).toBeGreaterThan(100);
  expect(links.filter((target) => target !== 'openapi.json' && !ids.has(target.slice(1)))).toEqual([]);
  expect(ids).toContain('schema-Node');
});

test('it loads nothing, runs nothing, and a browser is told so', async () => {
  const { text, headers } = await readPage();

  expect(text).not.toMatch(/<(?:script|link|img|iframe|object|form)\b|\bsrc=|url\(|@import|\bon\w+="|https?:\/\//i);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(text.length).toBeLessThan(400_000);
});

test('every schema has its table', async () => {
  const { text } = await readPage();
  const { schemas } = readDocument(routes).components as unknown as { schemas: object };

  expect(Object.keys(schemas).filter((name) => !text.includes(`<article id="schema-${name}">`))).toEqual([]);
});

test.each([
  ['<b>&"\'', '<p>&lt;b&gt;&amp;&quot;&#39;</p>'],
  ['one `<two>` three', '<p>one <code>&lt;two&gt;</code> three</p>'],
])('%s is text', (text, html) => {
  expect(paragraph(text)).toBe(html);
});
