/** --mirror and --keyring: another address or key for an archive. */
import { Option } from 'commander';

import { UsageError } from '../model/errors.ts';
import { overridable } from '../plan/build-sources.ts';

/** Can be given several times; gathers `name=value` into a record. */
export function sourceOption(flags: string, description: string): Option {
  const option = new Option(flags, `${description} (${overridable.join(', ')}); may be repeated`).default({}, 'none');
  return option.argParser((text: string, sofar: Record<string, string>) => {
    const [, source = '', value = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (!overridable.some((name) => name === source)) {
      throw new UsageError(`"${text}" is not SOURCE=VALUE`, { hint: `SOURCE is one of ${overridable.join(', ')}.` });
    }
    return { ...sofar, [source]: value };
  });
}
