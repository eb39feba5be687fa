/** Tokens of the API that are about to end, while whoever uses them can still be given others. */
import { hasExpired, type ApiToken } from '../model/api-token.ts';
import type { Finding } from '../model/diagnosis.ts';
import { renderMoment } from '../model/token-life.ts';

/** Told so long before, and so long afterwards. */
const toldMs = 7 * 86_400_000;

export function diagnoseTokens(
  tokens: readonly Pick<ApiToken, 'name' | 'scope' | 'expiresAtMs' | 'createdAtMs'>[],
  nowMs: number,
): Finding[] {
  return tokens.flatMap((token): Finding[] => {
    const { name, scope, expiresAtMs, createdAtMs } = token;
    if (expiresAtMs === undefined || Math.abs(expiresAtMs - nowMs) > toldMs) return [];
    const isOver = hasExpired(token, nowMs);
    // One that was made for a day is meant to end.
    if (!isOver && expiresAtMs - createdAtMs <= toldMs) return [];
    const cause = `the token ${name} ${isOver ? 'has expired' : 'expires'} on ${renderMoment(expiresAtMs)}`;
    const create = `"pi-image token create ${isOver ? name : 'OTHER-NAME'} --scope ${scope}"`;
    const hint = `Make another one where it is still needed: ${create}; then "pi-image token revoke ${name}".`;
    const overHint = `Make another one, ${create}, or take it off the list: "pi-image token revoke ${name}".`;
    const rule = 'token-expires';
    return [{ kind: 'service', name: 'tokens', severity: 'note', rule, cause, hint: isOver ? overHint : hint }];
  });
}
