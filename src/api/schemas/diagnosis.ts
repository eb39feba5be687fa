/** Examples of what the doctor says. The schemas are model/diagnosis.ts. */

const finding = {
  kind: 'node',
  name: 'node02',
  severity: 'wrong',
  rule: 'no-read',
  cause: 'stuck after offered for 90s: it took its address, and no request for a file arrived',
  hint: 'Check the firewall of the storage node for UDP port 69.',
};

export const nodeDiagnosisExample = { node: 'node01', state: 'failed', findings: [{ ...finding, name: 'node01' }] };

export const siteDiagnosisExample = { status: 'wrong', nodes: { all: 2, ready: 1 }, findings: [finding] };
