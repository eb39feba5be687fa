/** Where a node stands: overlays/base's agent-verdict.sh, with what it asks replaced. */
import { execFileSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { agentDir, shells } from './support/agent-node.ts';
import { isMissing } from './support/programs.ts';

const usual = {
  units: 'slurmd',
  /** What systemctl says of each. */
  states: 'active',
  system: 'running',
  jobs: '',
  failedUnits: '',
  restarts: '0',
  journal: '',
  /** undefined: the controller does not answer. */
  sinfo: 'idle none' as string | undefined,
  /** What a look before this one found. */
  blocker: '',
};
type Asked = Partial<typeof usual>;

const lines = (text: string) => text.split(' ').join(String.raw`\n`);

/** @returns `phase: detail` after one look. */
function judge(shell: readonly string[], asked: Asked): string {
  const { units, states, system, jobs, failedUnits, restarts, journal, sinfo, blocker } = {
    ...usual,
    ...asked,
  };
  const script = String.raw`
    set -fu
    . '${agentDir}/agent-verdict.sh'
    . '${agentDir}/agent-storage-node.sh'
    read_units() { units=' ${units}'; }
    systemctl() {
      case "$*" in
        is-active*) printf '${lines(states)}\n' ;;
        is-system-running*) echo ${system} ;;
        list-jobs*) printf '${jobs}' ;;
        *Where*) echo /home ;;
        *NRestarts*) echo ${restarts} ;;
        list-units*) printf '${failedUnits}' ;;
      esac
    }
    journalctl() { echo '${journal}'; }
    sinfo() { :; }
    busybox() { case $1 in timeout) ${sinfo === undefined ? 'return 1' : `echo '${sinfo}'`} ;; *) command busybox "$@" ;; esac; }
    busybox=busybox started=${system === 'starting' ? "''" : system} blocker='${blocker}' phase=userspace detail='' calm=0
    judge
    echo "$phase: $detail"`;
  const [program = 'sh', ...args] = shell;
  return execFileSync(program, [...args, '-c', script], { encoding: 'utf8' }).trim();
}

const mounting = String.raw`12 home.mount start running\n13 slurmd.service start waiting\n`;
const timing = String.raw`7 systemd-time-wait-sync.service start running\n`;

describe.skipIf(isMissing('busybox')).each(shells)('%s', (_name, shell) => {
  test.each<[string, Asked, string]>([
    ['all units are active', { units: 'munge slurmd', states: 'active active' }, 'ready:'],
    ['a unit that reads its configuration again', { states: 'reloading' }, 'ready:'],
    ['no unit of Slurm is asked for', { units: 'ssh', sinfo: undefined }, 'ready:'],
    ['systemd still starts', { states: 'activating', system: 'starting' }, 'userspace:'],
    ['systemd is too busy to answer', { units: 'ssh munge', states: '', system: 'starting' }, 'userspace:'],
    ['a unit of which nothing is known yet', { states: 'inactive', system: 'starting' }, 'userspace:'],
    [
      'a share that does not come',
      { states: 'inactive', system: 'starting', jobs: mounting, blocker: 'the share on /home' },
      'waiting: the share on /home',
    ],
    ['a share that may come soon', { states: 'inactive', system: 'starting', jobs: mounting }, 'userspace:'],
    [
      'a clock that nobody sets',
      { states: 'inactive', system: 'starting', jobs: timing, blocker: 'the time server' },
      'waiting: the time server',
    ],
    ['all units are active while systemd still starts others', { system: 'starting' }, 'ready:'],
    [
      'a unit that has failed while systemd still starts others',
      { states: 'failed', system: 'starting', journal: 'x' },
      'failed: slurmd.service: x',
    ],
    ['a unit that systemd starts again', { states: 'activating' }, 'waiting: the start of slurmd'],
    [
      'a unit that systemd starts again and again',
      { states: 'activating', restarts: '3', journal: 'no munge' },
      'failed: slurmd.service: no munge',
    ],
    [
      'slurmd that gets no slurm.conf from its controller',
      {
        states: 'activating',
        restarts: '3',
        journal: 'error: _establish_configuration: failed to load configs error: slurmd initialization failed',
      },
      'waiting: slurm controller',
    ],
    [
      'another unit that says the same',
      { units: 'other', states: 'activating', restarts: '3', journal: 'failed to load configs' },
      'failed: other.service: failed to load configs',
    ],
    [
      'a unit that has failed',
      { units: 'munge slurmd', states: 'active failed', system: 'starting', journal: 'fatal: no key' },
      'failed: slurmd.service: fatal: no key',
    ],
    [
      'a unit whose need has failed',
      {
        states: 'inactive',
        system: 'degraded',
        failedUnits: String.raw`munge.service loaded\n`,
        journal: 'bad key',
      },
      'failed: not started: slurmd; munge.service: bad key',
    ],
    ['the node goes down', { states: 'inactive', system: 'stopping' }, 'userspace:'],
    ['a controller that does not answer', { sinfo: undefined }, 'waiting: slurm controller'],
    [
      'a controller that does not know it',
      { sinfo: '' },
      expect.stringMatching(/^waiting: slurm controller: it does not/),
    ],
    [
      'not registered',
      { sinfo: 'unknown* none' },
      expect.stringMatching(/^waiting: slurm controller: .* is unknown\*/),
    ],
    ['not answering', { sinfo: 'idle* none' }, expect.stringMatching(/is idle\* \(none\)$/)],
    ['down', { sinfo: 'down Not responding' }, expect.stringMatching(/is down \(Not responding\)$/)],
    ['drained by its administrator', { sinfo: 'drained maintenance' }, 'ready:'],
    ['runs a job', { sinfo: 'allocated none' }, 'ready:'],
  ])('%s', (_case, asked, expected) => {
    expect(judge(shell, asked)).toEqual(expected);
  });

  test('cuts what a unit wrote', () => {
    expect(judge(shell, { states: 'failed', journal: 'x'.repeat(500) })).toHaveLength('failed: '.length + 200);
  });

  test('a form holds what a unit wrote, as printable ASCII of known length', () => {
    const script = String.raw`. '${agentDir}/agent-storage-node.sh'; busybox=busybox; form_value "$(printf 'a&b=c+%%;\n\303\244')"`;
    const [program = 'sh', ...args] = shell;
    const form = execFileSync(program, [...args, '-c', script], { encoding: 'utf8' });

    expect(new URLSearchParams(`detail=${form}`).get('detail')).toMatch(/^a&b=c\+%; +$/);
  });
});
