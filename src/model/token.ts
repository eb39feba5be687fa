/** API tokens: what a bearer may do. The service keeps hashes only. */
import { z } from 'zod';

import { ResourceName } from './names.ts';

/** Each allows what stands before it, too. */
export const scopes = ['read', 'operate', 'admin'] as const;
export const Scope = z.enum(scopes);
export type Scope = z.infer<typeof Scope>;

export function allows(has: Scope, needed: Scope): boolean {
  return scopes.indexOf(has) >= scopes.indexOf(needed);
}

export const ApiToken = z.strictObject({
  name: ResourceName,
  scope: Scope,
  createdAtMs: z.number(),
  lastUsedMs: z.number().optional(),
});
export type ApiToken = Readonly<z.infer<typeof ApiToken>>;
