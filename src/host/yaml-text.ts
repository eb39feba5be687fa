/** Values as YAML. The package is loaded for the first one: it takes longer than most commands, which show none. */
import { createRequire } from 'node:module';

import type * as Yaml from 'yaml';

const load = createRequire(import.meta.url);

/** Quotes what would not come back as the same text: serials of digits, for example. */
export function renderYaml(value: unknown): string {
  const { stringify } = load('yaml') as typeof Yaml;
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
