/** pi-image status --watch as a process, beside a real service: through a pipe, and on a terminal that script(1) makes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';

import { sampleSite } from '../support/command-line.ts';
import { startPiImage } from '../support/pi-image.ts';
import { sampleNode } from '../support/sample-view.ts';
import { serveSite } from '../support/serve-site.ts';

const node01 = sampleNode('node01');
const mac = '2c:cf:67:01:02:03';
/** Far less than the five seconds after which it would look by itself: an event has told it. */
const newsMs = 3000;

async function watchedSite() {
  const site = await sampleSite();
  expect((await site.run('apply', '-f', `${site.dir}/nodes.yaml`)).code).toBe(0);
  const service = await serveSite(site.dir);
  return { service, args: ['--runtime', `${site.dir}/run`, 'status', '--watch'] };
}

function collect(process: ChildProcess): () => string {
  let text = '';
  process.stdout?.on('data', (chunk: Buffer) => void (text += chunk.toString('utf8')));
  onTestFinished(() => void process.kill('SIGKILL'));
  return () => text;
}

test('in a pipe each change is a line, soon, and Ctrl-C is no failure', async () => {
  const { service, args } = await watchedSite();
  const command = startPiImage(args);
  const out = collect(command);
  await vi.waitFor(() => expect(out()).toContain('Z login: new\n'), 60_000);

  const arrival = await service.boots.arrive(node01, mac, 'discover');
  await vi.waitFor(() => expect(out()).toContain('Z node01: booting, offered\n'), newsMs);
  if (arrival.kind === 'refused') throw new Error(arrival.reason);
  await service.boots.report(arrival.boot, { phase: 'failed', uptimeSeconds: 9, detail: 'cannot get clock' });
  await vi.waitFor(() => expect(out()).toMatch(/Z node01: failed, .*cannot get clock\n/), newsMs);

  const ended = once(command, 'exit');
  command.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
});

test('on a terminal the picture is drawn again, and the last one stays', async () => {
  const { service, args } = await watchedSite();
  const project = path.resolve(import.meta.dirname, '../..');
  const tsx = path.join(project, 'node_modules/tsx/dist/esm/index.mjs');
  const words = [process.execPath, '--import', tsx, path.join(project, 'src/cli/main.ts'), ...args];
  const command = spawn('script', ['-qefc', `stty rows 30 cols 120; exec ${words.join(' ')}`, '/dev/null'], {
    cwd: project,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm' },
  });
  const out = collect(command);
  await vi.waitFor(() => expect(out()).toMatch(/node01 +compute +10\.42\.0\.11 +new/), 60_000);

  await service.boots.arrive(node01, mac, 'discover');
  await vi.waitFor(() => expect(out()).toMatch(/node01 +compute +10\.42\.0\.11 +booting +offered/), newsMs);

  const ended = once(command, 'exit');
  command.stdin.write('\u0003');
  expect(await ended).toEqual([0, null]);
  const [, afterwards = ''] = out().split('\u001B[?1049l');
  expect(afterwards.match(/^node01 +compute +10\.42\.0\.11 +booting/gm)).toHaveLength(1);
});
