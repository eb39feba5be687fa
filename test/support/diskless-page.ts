/** docs/images.md with its table of rules made from the rules; what stands around it is written by hand. */
import { format, resolveConfig } from 'prettier';

import type { SealRule } from '../../src/plan/seal-rule.ts';
import { faultWords, whatItDoes } from '../../src/plan/seal-words.ts';
import { isKeepable, sealRules } from '../../src/plan/seal.ts';

const place = /(<!-- rules: (diskless|always) -->\n)[^]*?(\n<!-- end -->)/g;

const tables: Readonly<Record<string, () => string>> = {
  diskless: () =>
    renderTable(
      ['rule', 'does', 'because', 'without it', 'when kept', 'from'],
      sealRules
        .filter(({ id }) => isKeepable(id))
        .map((rule) => first(rule).concat(faultWords[rule.fault], rule.undo, rule.from)),
    ),
  always: () => renderTable(['rule', 'does', 'because'], sealRules.filter(({ id }) => !isKeepable(id)).map(first)),
};

const first = (rule: SealRule) => [`\`${rule.id}\``, whatItDoes(rule).map(marked).join('; '), rule.why];

/** Paths and units as code. */
function marked(words: string): string {
  return words.replaceAll(/(?<=^|[\s,])((?:\/[^\s,]+)|(?:[\w@-]+\.(?:service|socket|timer|path)))(?=$|[\s,])/g, '`$1`');
}

function renderTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |\n`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('');
}

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);

/** @param page as it is in `file` */
export async function withRules(page: string, file: string): Promise<string> {
  const filled = page.replaceAll(place, (_all, begin: string, which: string, end: string) => {
    return `${begin}\n${tables[which]?.() ?? ''}${end}`;
  });
  return format(filled, { ...(await resolveConfig(file)), parser: 'markdown' });
}
