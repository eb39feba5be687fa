/** Tokens: who may use the API over TCP. */
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type Caller, type Route } from '../route.ts';
import { scopesOf } from '../../model/api-token.ts';
import { NewToken, RevokedToken, Token, tokenExample, TokenRequest, Whoami, whoamiExample } from '../schemas/token.ts';

const tag = 'tokens';
const scope = 'admin';
const named = { name: 'ci', scope: 'operate' };
const { expiresAtMs } = tokenExample;

export const tokenRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/tokens',
    id: 'listTokens',
    tag,
    scope,
    summary: 'List tokens',
    isPaged: true,
    answers: {
      200: { summary: 'All tokens, without what they authorise with', schema: z.array(Token), example: [tokenExample] },
    },
    run: (call) => listed(call, call.actions.tokens(), ({ name }) => name),
  }),
  route({
    method: 'post',
    path: '/tokens',
    id: 'createToken',
    tag,
    scope,
    summary: 'Create a token',
    description:
      'The answer is the only place where the token is ever shown: one that is repeated under its Idempotency-Key is ' +
      'without it. It ends by itself, after 90 days unless `expires` says otherwise, and is refused from then on (401). ' +
      'A token that has expired gives its name to a new one.',
    isChange: true,
    forRepeat: (body) => ({ ...(body as NewToken), token: undefined }),
    body: { schema: TokenRequest, example: { ...named, expires: '30d' } },
    answers: {
      200: {
        summary: 'What a dry run would create',
        schema: NewToken,
        example: { ...named, dryRun: true, expiresAtMs },
      },
      201: {
        summary: 'The token',
        schema: NewToken,
        example: { ...named, dryRun: false, expiresAtMs, token: `pi_${'x'.repeat(43)}` },
      },
    },
    problems: [409],
    run: async ({ actions, body, options }) => {
      const answer = await actions.createToken(body, options);
      return json(answer, { status: answer.dryRun ? 200 : 201 });
    },
  }),
  route({
    method: 'get',
    path: '/tokens/{name}',
    id: 'getToken',
    tag,
    scope,
    summary: 'Show a token',
    description: 'The ETag is another one when its name was given to a new token.',
    answers: {
      200: {
        summary: 'The token, without what it authorises with',
        schema: Token,
        example: tokenExample,
        headers: ['ETag'],
      },
    },
    run: ({ actions, param }) => {
      const { answer, etag } = actions.token(param('name'));
      return json(answer, { etag });
    },
  }),
  route({
    method: 'delete',
    path: '/tokens/{name}',
    id: 'revokeToken',
    tag,
    scope,
    summary: 'Revoke a token',
    description: 'It is refused from the next request on. A stream of events that it has opened ends.',
    isChange: true,
    isGuarded: true,
    answers: {
      200: { summary: 'The token is revoked, or would be', schema: RevokedToken, example: { ...named, dryRun: false } },
    },
    run: async ({ actions, param, options }) => json(await actions.revokeToken(param('name'), options)),
  }),
  route({
    method: 'get',
    path: '/whoami',
    id: 'whoami',
    tag,
    scope: 'read',
    summary: 'Say who asks, what he may, and until when',
    description: 'Of the token that the question came with. Over the Unix socket it is `socket`, which may everything.',
    answers: { 200: { summary: 'Who asks', schema: Whoami, example: whoamiExample } },
    run: ({ caller }) => {
      // Nobody comes here without one: the scope is `read`.
      const who: Caller = caller ?? { name: 'nobody', scope: 'read' };
      return json({ name: who.name, scope: who.scope, scopes: scopesOf(who.scope), expiresAtMs: who.expiresAtMs });
    },
  }),
];
