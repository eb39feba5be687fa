/** A choice of which some values are planned: naming one of those is refused with the list of what works today. */
import { z } from 'zod';

export function supported<const Now extends string>(what: string, now: readonly Now[], later: readonly string[]) {
  return z.string().transform((value, context): Now => {
    const found = now.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const known = later.includes(value);
    context.addIssue({
      code: 'custom',
      message: `${what} "${value}" is ${known ? 'not supported by this version' : 'unknown'}; this version supports: ${now.join(', ')}`,
      params: { hint: `Write ${now.join(' or ')}.` },
    });
    return z.NEVER;
  });
}
