/** What a board without a name asks: it says what it is, and hears what to do. Under no token: it has none. */
import { urlencoded, type Express, type Request, type Response } from 'express';

import { readHoldReport } from '../plan/hold-report.ts';
import type { Holds } from './holds.ts';
import { peerOf, refuse } from './http-answers.ts';

export interface HoldRoutesDeps {
  readonly holds?: Pick<Holds, 'ask'>;
}

const form = urlencoded({ extended: false, limit: '2kb', parameterLimit: 10 });

export function holdRoutes(app: Express, { holds }: HoldRoutesDeps): void {
  if (holds === undefined) return;
  app.post('/boot/v1/hold', form, (request, response) => answerHold(holds, request, response));
}

async function answerHold(holds: Pick<Holds, 'ask'>, request: Request, response: Response): Promise<void> {
  const report = readHoldReport(request.body);
  if (report === undefined) return refuse(response, 400, 'mac (six pairs of hex digits) is needed');
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const order = await holds.ask(report, { address: peerOf(request), signal: gone.signal });
  if (gone.signal.aborted) return;
  if (order === 'too-often') return refuse(response, 429, 'asked too often: ask again in 10 s');
  response.type('text/plain').set('cache-control', 'no-store').send(`${order}\n`);
}
