/** A zod string field that is read by one of our parsers and reports that parser's own message and hint. */
import { z } from 'zod';

import { PiImageError } from './errors.ts';

export function parsedText<T>(parse: (text: string) => T) {
  return z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof PiImageError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { hint: error.hint } });
      return z.NEVER;
    }
  });
}
