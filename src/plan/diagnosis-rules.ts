/** What keeps a board from becoming ready, as a table, in the order in which it is tried. docs/troubleshooting.md is made of it. */
import type { DiagnosisRule } from './diagnosis-facts.ts';
import { loadingRules } from './diagnosis-loading.ts';
import { reportedRules } from './diagnosis-reported.ts';
import { systemRules } from './diagnosis-system.ts';

const restarted: DiagnosisRule = {
  id: 'restarted',
  says: ['its board started again after …'],
  when: ({ end }) => end === 'restarted',
  cause: ({ phase }) => `its board started again after ${phase}`,
  hint: () => 'When nobody restarted it, look for a panic on its serial console, and check its power supply.',
};

export const diagnosisRules: readonly DiagnosisRule[] = [...reportedRules, restarted, ...loadingRules, ...systemRules];
