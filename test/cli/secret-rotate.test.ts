/** Another munge key through the service and the command line; a program named ssh is Slurm's controller. */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, expect, onTestFinished, test } from 'vitest';

import { mungePart } from '../../src/cli/wire-up-munge.ts';
import type { Boot } from '../../src/model/boot.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { mungeProof } from '../../src/plan/munge-key.ts';
import { sampleSite, type TestSite } from '../support/command-line.ts';
import { serveSite, type ServedSite } from '../support/serve-site.ts';

let dir: string;

/** It keeps the state of each partition in a file, and writes down what it was told. */
const program = (folder: string) => `#!/bin/sh
for command; do :; done
printf '%s\\n' "$command" >> ${folder}/told
case $command in
  *'show partitions') for p in main night; do echo "PartitionName=$p Nodes=node01 State=$(cat ${folder}/$p) X=1"; done ;;
  *partitionname=*)
    name=\${command#*partitionname=} name=\${name%% *}
    echo "\${command##*state=}" | tr a-z A-Z > ${folder}/$name ;;
esac
`;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'slurm-'));
  const before = process.env['PATH'];
  process.env['PATH'] = `${dir}:${before ?? ''}`;
  await writeFile(path.join(dir, 'ssh'), program(dir));
  await chmod(path.join(dir, 'ssh'), 0o755);
  await writeFile(path.join(dir, 'main'), 'UP\n');
  await writeFile(path.join(dir, 'night'), 'INACTIVE\n');
  return async () => {
    process.env['PATH'] = before;
    await rm(dir, { recursive: true });
  };
});

const told = async () => (await readFile(path.join(dir, 'told'), 'utf8')).split('\n').slice(0, -1);
const orders = async () => (await told()).filter((command) => !command.includes(' show '));

async function bootNode(service: ServedSite, name: string): Promise<Boot> {
  const node = service.site.view().nodes.find((each) => each.name === name) as NodeSpec;
  await service.boots.arrive(node, parseMac('2c:cf:67:01:02:03'), 'discover');
  const newest = () => service.boots.all().findLast((each) => each.node === name) as Boot;
  await service.overlayOf(newest());
  for (const phase of ['kernel', 'overlay'] as const) {
    await service.boots.report(newest(), { phase, uptimeSeconds: 3, detail: undefined, leavesAgent: true });
  }
  return newest();
}

/** What its agent says: which key it has. */
function tell(service: ServedSite, boot: Boot, key: Uint8Array): void {
  const report = { phase: 'ready', uptimeSeconds: 60, load: 0, mungeProof: mungeProof(boot.key ?? '', key) } as const;
  service.heartbeats.take(boot, report);
}

async function runningSite() {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const service = await serveSite(site.dir);
  const boots = [await bootNode(service, 'head'), await bootNode(service, 'node01')];
  const key = () => readFile(path.join(site.dir, 'state/secrets/cluster/mungeKey'));
  const first = await key();
  for (const boot of boots) tell(service, boot, first);
  const stop = new AbortController();
  const part = mungePart(service, 20).run(stop.signal, () => undefined);
  onTestFinished(async () => {
    stop.abort();
    await part;
  });
  /** Nodes take what the live channel brings. */
  const follow = setInterval(() => {
    void key().then((now) => boots.forEach((boot) => tell(service, boot, now)));
  }, 30);
  onTestFinished(() => clearInterval(follow));
  return { site, service, boots, first, key };
}

const spellings = (key: Buffer) => ['hex', 'base64', 'latin1'].map((form) => key.toString(form as BufferEncoding));

async function everythingWritten(site: TestSite): Promise<string> {
  const texts = await Promise.all([
    site.run('operation', 'show', '1', '-o', 'json'),
    site.run('node', 'show', 'node01', '-o', 'json'),
  ]);
  return texts.map(({ out, err }) => out + err).join('\n') + (await told()).join('\n');
}

test('the munge key is rotated as an operation, and stands nowhere', { timeout: 60_000 }, async () => {
  const { site, service, boots, first, key } = await runningSite();

  const planned = await site.run('secret', 'rotate', 'munge', '--dry-run');
  expect(planned.out).toBe(
    'another mungeKey\npartitions closed meanwhile: main\nmunged restarts on: head,node01\n' +
      'at their next boot: login,node02\ndry run: nothing was changed\n',
  );
  const begun = await site.run('secret', 'rotate', 'munge', '--wait');

  expect(begun.out).toMatch(/\noperation 1 has begun: "pi-image operation watch 1"\n[^]*operation 1: done: at their/);
  expect(begun.code).toBe(0);
  expect(await orders()).toEqual([
    'scontrol update partitionname=main state=down',
    'scontrol update partitionname=main state=up',
  ]);
  expect(await readFile(path.join(dir, 'night'), 'utf8')).toBe('INACTIVE\n');
  const second = await key();
  expect([second.length, second.equals(first)]).toEqual([128, false]);
  await expect.poll(() => readdir(path.join(site.dir, 'state/secrets/rotations'))).toEqual([]);
  expect((await site.run('operation', 'list')).out).toMatch(
    /1 +another mungeKey for \S+ +done +2 restarted, 2 next-boot +socket/,
  );
  expect((await site.run('operation', 'show', '1')).out).toMatch(/state: +done\n[^]*node01 +restarted/);
  expect((await site.run('operation', 'cancel', '1')).err).toContain('operation 1 has ended: done');
  const written = await everythingWritten(site);
  for (const text of [...spellings(first), ...spellings(second)]) expect(written).not.toContain(text);
  // The live channel brings the new one from now on.
  const [, boot] = boots;
  const packed = await service.liveParts.pack(boot as Boot);
  expect(Buffer.concat(packed.chunks).includes(second)).toBe(true);
});

test('what is wrong is said before anything happens', { timeout: 60_000 }, async () => {
  const { site, service } = await runningSite();

  expect((await site.run('secret', 'rotate', 'munge', '-o', 'name', '--dry-run')).out).toBe('');
  expect(await site.run('secret', 'rotate', 'everything')).toMatchObject({ code: 2 });
  await rm(path.join(dir, 'ssh'));
  await writeFile(path.join(dir, 'ssh'), '#!/bin/sh\necho "slurm is ill" >&2\nexit 1\n');
  await chmod(path.join(dir, 'ssh'), 0o755);
  expect(await site.run('secret', 'rotate', 'munge')).toMatchObject({
    code: 1,
    err: expect.stringContaining('slurm is ill'),
  });
  expect(service.state.current().mungeRotations).toEqual({});
});
