/** docs/troubleshooting.md with its tables made from the rules; what stands around them is written by hand. */
import { format } from 'prettier';

import { diagnosisRules } from '../../src/plan/diagnosis-rules.ts';
import { nodeNotes, nodeRules } from '../../src/plan/doctor-node-rules.ts';
import { machineRules } from '../../src/plan/doctor-rules.ts';

interface Row {
  readonly id: string;
  readonly says: readonly string[];
  readonly hint: string;
}

const name = 'NAME';

/** A reason that can be a note as well stands in the table once. */
function isOnlyNote({ id }: { readonly id: string }): boolean {
  return !nodeRules.some((rule) => rule.id === id);
}

const tables: Readonly<Record<string, readonly Row[]>> = {
  boots: diagnosisRules.map(({ id, says, hint }) => ({ id, says, hint: hint({ node: name }) })),
  nodes: [...nodeRules, ...nodeNotes.filter(isOnlyNote)].map(({ id, says, hint }) => ({ id, says, hint: hint(name) })),
  machine: machineRules.map(({ id, says, hint }) => {
    return { id, says, hint: hint({ interface: 'INTERFACE', address: 'ADDRESS' }) };
  }),
};

const tablePlace = /(<!-- rules: (\w+) -->\n)[^]*?(\n<!-- end -->)/g;

/** @param page as it is */
export async function withTables(page: string): Promise<string> {
  const filled = page.replaceAll(tablePlace, (_all, begin: string, which: string, end: string) => {
    return `${begin}\n${renderTable(tables[which] ?? [])}${end}`;
  });
  return format(filled, { parser: 'markdown', printWidth: 120 });
}

export const tableNames = Object.keys(tables);

function renderTable(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ id, says, hint }) =>
    says.map((words) => `| ${cell(words)} | ${cell(hint)} | ${id} |\n`),
  );
  return `| it says | do | rule |\n| --- | --- | --- |\n${lines.join('')}`;
}

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
