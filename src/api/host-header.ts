/** Was this server meant? A page in a browser can point a name of its own at 127.0.0.1 (DNS rebinding): its Host gives it away. */
import type { RequestHandler } from 'express';

import { HttpError } from './http-error.ts';

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The port may be another: a tunnel has its own at the near end. */
export const requireLoopbackHost: RequestHandler = (request, _response, next) => {
  const { host = '' } = request.headers;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (loopbackNames.has(name)) return next();
  throw new HttpError(421, `"${host}" is not a name of this server`, {
    hint: 'Ask it as http://127.0.0.1:PORT, or through an ssh tunnel as http://localhost:PORT.',
  });
};
