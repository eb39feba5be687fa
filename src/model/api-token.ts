/** Who may use the API over TCP. Only the hash of a token is kept: what is shown once can never be shown again. */
import { z } from 'zod';

/** Each may do what those before it may. */
export const tokenScopes = ['read', 'operate', 'admin'] as const;
export const TokenScope = z.enum(tokenScopes);
export type TokenScope = z.infer<typeof TokenScope>;

export const ApiToken = z.strictObject({
  id: z.string(),
  /** What its owner calls it. */
  name: z.string().min(1).max(100),
  scope: TokenScope,
  /** Of the token's characters, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAtMs: z.number(),
  /** From then on it is refused; undefined: it counts until it is revoked. */
  expiresAtMs: z.number().optional(),
  /** To the minute. */
  lastUsedAtMs: z.number().optional(),
});
export type ApiToken = Readonly<z.infer<typeof ApiToken>>;

export const TokenList = z.strictObject({ tokens: z.array(ApiToken) });
export type TokenList = Readonly<z.infer<typeof TokenList>>;

export function hasExpired({ expiresAtMs }: Pick<ApiToken, 'expiresAtMs'>, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs >= expiresAtMs;
}

/** All that a token of this scope may be asked for. */
export function scopesOf(scope: TokenScope): TokenScope[] {
  return tokenScopes.filter((each) => scopeAllows(scope, each));
}

export function scopeAllows(has: TokenScope, needs: TokenScope): boolean {
  return tokenScopes.indexOf(has) >= tokenScopes.indexOf(needs);
}
