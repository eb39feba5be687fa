/** Which keys a schema knows at a place: what an unknown key is compared with. */
import { z } from 'zod';

import type { ProblemPath } from './problem.ts';

/** None when the schema has no fixed keys there. */
export function knownKeys(schema: z.core.$ZodType, path: ProblemPath): string[] {
  const here = schemaAt(schema, path);
  if (here instanceof z.ZodObject) return Object.keys(here.shape);
  if (here instanceof z.ZodUnion) return [...new Set(here.options.flatMap((option) => knownKeys(option, [])))];
  return [];
}

function schemaAt(schema: z.core.$ZodType, path: ProblemPath): z.core.$ZodType | undefined {
  let here = unwrap(schema);
  for (const part of path) here = unwrap(childOf(here, part));
  return here;
}

function childOf(schema: z.core.$ZodType | undefined, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[part];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return undefined;
}

/** What lies under defaults, options and transforms. */
function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly;
  return isWrapper ? unwrap(schema.unwrap()) : schema;
}
