/** Names that end up in host names, paths, exports and URLs. */
import { z } from 'zod';

/** Every object of JavaScript has it: looked up by this name, each table of ours would hold something. */
const notConstructor = [(name: string) => name !== 'constructor', 'any name but constructor'] as const;

/** RFC 1123 §2.1 label, lower case: a node's name is its host name. */
export const NodeName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'a host name of lower-case letters, digits and "-", at most 63')
  .refine(...notConstructor);

/** Images, overlays, roles, layers, shares, switches: one path component that no shell or URL has to quote. */
export const ResourceName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
    'a name of lower-case letters, digits, "-", "_" and ".", at most 64',
  )
  .refine(...notConstructor);

export const AbsolutePath = z
  .string()
  .regex(/^(?:\/[\w.@+-]+)+$/, 'an absolute path without spaces or ".."')
  .refine(
    (path) => !path.split('/').some((part) => part === '.' || part === '..'),
    'a path must not contain "." or ".." components',
  );

/** A variable or secret as templates see it. */
export const VariableName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9]{0,63}$/, 'a word of letters and digits that starts with a letter');

/** Values put into a node's files: no newline and no control character can break out of its line. */
export const VariableValue = z.union([
  z.string().regex(
    // oxlint-disable-next-line no-control-regex -- they are what is refused
    /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/,
    'one line of text: newlines and control characters are not allowed',
  ),
  z.number(),
  z.boolean(),
]);

export const Variables = z.record(VariableName, VariableValue);
export type Variables = Readonly<z.infer<typeof Variables>>;
