/** API tokens. The secret itself is in one answer only: the one that makes it. */
import { z } from 'zod';

import { TokenScope } from '../../model/api-token.ts';
import { ResourceName } from '../../model/names.ts';

export const TokenRequest = z.strictObject({ name: ResourceName, scope: TokenScope });
export type TokenRequest = Readonly<z.output<typeof TokenRequest>>;

export const Token = z.strictObject({
  name: z.string(),
  scope: TokenScope,
  createdAtMs: z.number(),
  /** To the minute. */
  lastUsedAtMs: z.number().optional(),
});
export type Token = Readonly<z.output<typeof Token>>;

export const NewToken = z.strictObject({
  name: z.string(),
  scope: TokenScope,
  dryRun: z.boolean(),
  /** Shown once; missing after a dry run. */
  token: z.string().optional(),
});
export type NewToken = Readonly<z.output<typeof NewToken>>;

export const RevokedToken = z.strictObject({ name: z.string(), scope: TokenScope, dryRun: z.boolean() });
export type RevokedToken = Readonly<z.output<typeof RevokedToken>>;

export const tokenExample = { name: 'ci', scope: 'operate', createdAtMs: 1_795_248_000_000 };
