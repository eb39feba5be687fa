/** What all this is: the document, for programs and for people. */
import { z } from 'zod';

import { pageHeaders, renderDocsPage, type Document as DocumentShape } from '../docs-page.ts';
import type { JsonSchema } from '../json-schema.ts';
import { json, route, type Route } from '../route.ts';
import { Document } from '../schemas/service.ts';

/** @param read makes the document once */
export function documentRoutes(read: () => JsonSchema): readonly Route[] {
  let page: string | undefined;
  return [
    route({
      method: 'get',
      path: '/openapi.json',
      id: 'getDocument',
      tag: 'service',
      scope: 'none',
      summary: 'This document',
      answers: {
        200: { summary: 'OpenAPI 3.1', schema: Document, example: { openapi: '3.1.1', info: {}, paths: {} } },
      },
      run: () => json(read()),
    }),
    route({
      method: 'get',
      path: '/docs',
      id: 'getDocsPage',
      tag: 'service',
      scope: 'none',
      summary: 'This document as a page to read',
      description: 'It loads nothing from elsewhere.',
      answers: {
        200: { summary: 'A page', mediaType: 'text/html', schema: z.string(), example: '<!doctype html>' },
      },
      run: () => {
        // `openApiDocument` makes it so; the test of the page reads every part.
        page ??= renderDocsPage(read() as unknown as DocumentShape);
        return { kind: 'text', text: page, mediaType: 'text/html; charset=utf-8', headers: pageHeaders };
      },
    }),
  ];
}
