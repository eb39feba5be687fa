/** API tokens. The secret itself is in one answer only: the one that makes it. */
import { z } from 'zod';

import { TokenScope } from '../../model/api-token.ts';
import { ResourceName } from '../../model/names.ts';
import { defaultLife, TokenLife } from '../../model/token-life.ts';

export const TokenRequest = z.strictObject({
  name: ResourceName,
  scope: TokenScope,
  /** A number and d, h or m, or `never`. */
  expires: TokenLife.default(defaultLife),
});
export type TokenRequest = Readonly<z.output<typeof TokenRequest>>;

export const Token = z.strictObject({
  name: z.string(),
  scope: TokenScope,
  createdAtMs: z.number(),
  /** From then on it is refused; missing when it has no end. */
  expiresAtMs: z.number().optional(),
  /** To the minute. */
  lastUsedAtMs: z.number().optional(),
});
export type Token = Readonly<z.output<typeof Token>>;

export const NewToken = z.strictObject({
  name: z.string(),
  scope: TokenScope,
  dryRun: z.boolean(),
  /** Missing when it has no end. */
  expiresAtMs: z.number().optional(),
  /** Shown once; missing after a dry run. */
  token: z.string().optional(),
});
export type NewToken = Readonly<z.output<typeof NewToken>>;

export const RevokedToken = z.strictObject({ name: z.string(), scope: TokenScope, dryRun: z.boolean() });
export type RevokedToken = Readonly<z.output<typeof RevokedToken>>;

/** Who asks, as the service knows him. */
export const Whoami = z.strictObject({
  /** Of the token; `socket` over the Unix socket of the storage node. */
  name: z.string(),
  scope: TokenScope,
  /** The same with those before it, which it allows too. */
  scopes: z.array(TokenScope),
  /** Missing when it has no end. */
  expiresAtMs: z.number().optional(),
});
export type Whoami = Readonly<z.output<typeof Whoami>>;

const createdAtMs = 1_795_248_000_000;
const expiresAtMs = createdAtMs + 90 * 86_400_000;

export const tokenExample = { name: 'ci', scope: 'operate', createdAtMs, expiresAtMs };
export const whoamiExample = { name: 'ci', scope: 'operate', scopes: ['read', 'operate'], expiresAtMs };
