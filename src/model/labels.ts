/** Labels: what people tell nodes apart by, as `rack: a1`. No file of a node is made of them: variables are for that. */
import { z } from 'zod';

export const LabelName = z
  .string()
  .regex(
    /^[a-zA-Z](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/,
    'a label: letters, digits, "-", "_" and ".", which begins with a letter, at most 63',
  );

export const LabelValue = z
  .string()
  .regex(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/,
    'the value of a label: letters, digits, "-", "_" and ".", at most 63',
  );

export const Labels = z.record(LabelName, LabelValue);
export type Labels = Readonly<z.infer<typeof Labels>>;

/** `rack=a1`: nodes with that label. `rack`: those with any value of it. */
export const LabelSelector = z
  .string()
  .regex(
    /^[a-zA-Z](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?(?:=[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?)?$/,
    'a label: NAME=VALUE, or NAME for any value of it',
  );

/** @param selector what `LabelSelector` accepts */
export function hasLabel(labels: Labels | undefined, selector: string): boolean {
  const [name = '', value] = selector.split('=');
  const found = labels !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined;
  return found !== undefined && (value === undefined || found === value);
}
