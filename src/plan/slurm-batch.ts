/** One order for many nodes, for the shell of the controller: whose word each node has is looked at in that moment. */
import { notTheirs, offReason } from './slurm-state.ts';

const drained = `*' State='*+DRAIN*`;

/** Those that somebody has drained, or an administrator has set down, are left so. */
export function setDownCommand(nodes: readonly string[]): string {
  const cases = `(${drained}) continue ;; (${notTheirs}) ;; (*' State=DOWN'*' Reason='*) continue ;;`;
  return orderTo(nodes, cases, `state=down reason='${offReason}'`);
}

/** Those that are down for our reason, and for no other. */
export function takeBackCommand(nodes: readonly string[]): string {
  const cases = `(${drained}) continue ;; (*' State=DOWN'*' Reason=${offReason} ['*) ;; (*) continue ;;`;
  return orderTo(nodes, cases, 'state=resume');
}

/** One name that Slurm does not have, and it would refuse all of them: only those that it shows are named. */
function orderTo(nodes: readonly string[], cases: string, order: string): string {
  const lines = `scontrol --oneliner show node ${nodes.join(',')} | grep '^NodeName='`;
  const name = `node=\${node%% *}; printf ,%s "\${node#NodeName=}"`;
  const names = `names=$(${lines} | while read -r node; do case $node in ${cases} esac; ${name}; done)`;
  return `${names}; [ -z "$names" ] || scontrol update nodename="\${names#,}" ${order}`;
}
