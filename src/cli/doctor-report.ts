/** What the doctor found, as people read it. */
import type { DhcpCount } from '../model/boot.ts';
import type { Finding, NodeDiagnosis } from '../model/diagnosis.ts';
import type { PublicBoot } from '../model/node-status.ts';
import { printable } from './format.ts';

export function renderFindings(findings: readonly Finding[]): string {
  const part = (title: string, severity: Finding['severity']) => {
    const own = findings.filter((finding) => finding.severity === severity);
    return own.length === 0 ? '' : `\n${title}\n${own.map(renderFinding).join('')}`;
  };
  return part('WRONG', 'wrong') + part('NOTES', 'note');
}

const titles: Readonly<Record<Finding['kind'], string>> = {
  node: '',
  service: 'part ',
  config: '',
  machine: 'machine ',
};

function renderFinding({ kind, name, cause, hint }: Finding): string {
  const what = `  ${titles[kind]}${name}: ${printable(cause)}\n`;
  return hint === undefined || hint === '' ? what : `${what}    do: ${printable(hint)}\n`;
}

export function renderNodeDiagnosis(
  diagnosis: NodeDiagnosis,
  boot: PublicBoot | undefined,
  others: readonly Finding[],
) {
  const { node, state, findings } = diagnosis;
  const found = findings.length === 0 ? '\nNothing speaks against it.\n' : renderFindings(findings);
  const beside = others.length === 0 ? '' : `\nThe storage node:\n${renderFindings(others)}`;
  return `${node}: ${state}\n${boot === undefined ? '' : `seen: ${describeSeen(boot)}\n`}${found}${beside}`;
}

/** `DISCOVER 3, OFFER 3, no REQUEST, 4 files`. */
function describeSeen({ dhcp = {}, files, missing = [], unfinished = [] }: PublicBoot): string {
  const system = dhcp.system === undefined ? [] : [counted('DISCOVER of its kernel', dhcp.system)];
  return [
    counted('DISCOVER', dhcp.discover),
    counted('OFFER', dhcp.offer),
    counted('REQUEST', dhcp.request),
    `${files} ${files === 1 ? 'file' : 'files'}`,
    ...unfinished.map(({ file }) => `${file} not to its end`),
    ...missing.map(({ file }) => `${file} missing`),
    ...system,
  ].join(', ');
}

function counted(name: string, count: DhcpCount | undefined): string {
  return count === undefined ? `no ${name}` : `${name} ${count.count}`;
}
