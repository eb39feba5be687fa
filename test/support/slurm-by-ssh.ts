/** A program named ssh that is Slurm's controller and every node, and boots of nodes as their firmware begins them. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { onTestFinished } from 'vitest';

import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { ServedSite } from './serve-site.ts';

/** It keeps what Slurm says of node01 in a file, and writes down what it was told. */
const program = (folder: string) => `#!/bin/sh
for command; do :; done
# What is to be done where no administrator has spoken: here none has.
command=\${command##*esac; }
printf '%s\\n' "$command" >> ${folder}/told
state=$(cat ${folder}/slurm)
become() { echo "$1" > ${folder}/slurm.new; mv ${folder}/slurm.new ${folder}/slurm; }
case $command in
  *'show nodes') echo "NodeName=node01 Arch=aarch64 State=$state" ;;
  *state=drain*) become "$state+DRAIN Reason=pi-image operation 1" ;;
  *"state=down reason='pi-image: off'") become 'DOWN Reason=pi-image: off [root@now]' ;;
  *state=resume) become IDLE ;;
esac
`;

/** Found by PATH until the test has ended. */
export async function slurmBySsh() {
  const dir = await mkdtemp(path.join(tmpdir(), 'slurm-'));
  const before = process.env['PATH'];
  process.env['PATH'] = `${dir}:${before ?? ''}`;
  onTestFinished(async () => {
    process.env['PATH'] = before;
    await rm(dir, { recursive: true });
  });
  await writeFile(path.join(dir, 'ssh'), program(dir));
  await chmod(path.join(dir, 'ssh'), 0o755);
  await writeFile(path.join(dir, 'slurm'), 'IDLE\n');
  const told = async () => (await readFile(path.join(dir, 'told'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return {
    /** But questions. */
    orders: async () => (await told()).filter((command) => !command.endsWith('show nodes')),
    set: (state: string) => writeFile(path.join(dir, 'slurm'), `${state}\n`),
  };
}

/** Begins a boot as its firmware does, and leaves it when its role has no agent to say more. */
export async function bootNode(service: ServedSite, name: string, isBroken = false): Promise<void> {
  const node = service.site.view().nodes.find((each) => each.name === name) as NodeSpec;
  await service.boots.arrive(node, parseMac('2c:cf:67:01:02:03'), 'discover');
  const boot = service.boots.all().findLast((each) => each.node === name);
  if (boot === undefined) throw new Error('no boot');
  for (const phase of isBroken ? (['kernel', 'failed'] as const) : (['kernel', 'overlay'] as const)) {
    const newest = service.boots.all().find(({ id }) => id === boot.id) ?? boot;
    const detail = isBroken ? 'cannot mount the image' : undefined;
    await service.boots.report(newest, { phase, uptimeSeconds: 3, detail, leavesAgent: false });
  }
}
