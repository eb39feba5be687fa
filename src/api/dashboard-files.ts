/** The dashboard as a browser gets it: a page and the few files that it names. They hold no data, so they need no token. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Router, type RequestHandler } from 'express';

interface ServedFile {
  readonly content: Buffer | string;
  readonly type: string;
  readonly etag: string;
  readonly cache: string;
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** As the build names them: what changes gets another name. */
const builtName = /^(?<part>main|style|icon)-[A-Z0-9]{8}(?<extension>\.(?:js|css|svg))$/;

/** Only what is built from here runs: nothing inline, nothing from elsewhere, in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** @param dir where the build has put it; it is read once */
export function dashboardFiles(dir: string): Router {
  const router = Router({ strict: true, caseSensitive: true });
  const built = readBuilt(dir);
  // Names of files that are there are the only paths: nothing that was sent becomes part of one.
  for (const [name, file] of built) router.get(`/dashboard/${name}`, answer(file));
  router.get('/', answer(served(renderPage([...built.keys()]), 'text/html; charset=utf-8', 'no-cache')));
  return router;
}

function readBuilt(dir: string): Map<string, ServedFile> {
  const names = listOf(dir).filter((name) => builtName.test(name));
  return new Map(
    names.map((name) => {
      const content = readFileSync(path.join(dir, name));
      const type = types[path.extname(name)] ?? 'application/octet-stream';
      return [name, served(content, type, 'public, max-age=31536000, immutable')];
    }),
  );
}

/** A clone that was not built has an API all the same. */
function listOf(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function served(content: Buffer | string, type: string, cache: string): ServedFile {
  const digest = createHash('sha256').update(content).digest('base64url');
  return { content, type, etag: `"${digest.slice(0, 27)}"`, cache };
}

function answer({ content, type, etag, cache }: ServedFile): RequestHandler {
  return (request, response) => {
    response.set({
      'content-type': type,
      'cache-control': cache,
      etag,
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    if (request.fresh) response.status(304).end();
    else if (request.method === 'HEAD') response.set('content-length', String(Buffer.byteLength(content))).end();
    else response.end(content);
  };
}

function renderPage(names: readonly string[]): string {
  const find = (part: string) => names.find((name) => builtName.exec(name)?.groups?.['part'] === part);
  const [script, style, icon] = [find('main'), find('style'), find('icon')];
  const isBuilt = script !== undefined && style !== undefined && icon !== undefined;
  const head = isBuilt
    ? `<link rel="icon" type="image/svg+xml" href="/dashboard/${icon}">
<link rel="stylesheet" href="/dashboard/${style}">
<script type="module" src="/dashboard/${script}"></script>`
    : '';
  const body = isBuilt
    ? '<div id="app"></div><noscript>The dashboard needs JavaScript. <code>pi-image status</code> shows the same.</noscript>'
    : '<p>The dashboard was not built. Run <code>npm run build</code> and start the service again.</p>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>pi-image</title>
${head}
</head>
<body>${body}</body>
</html>
`;
}
