/** Answers as our own types: the service has parsed their addresses, which the document calls texts. */
import type { Unbranded } from '../model/brand.ts';

/** All but the brands must fit. */
export function branded<T>(answer: Unbranded<T>): T {
  return answer as unknown as T;
}
