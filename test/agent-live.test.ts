/** What overlays/base's agent makes of changes of live files, and how it tells that files are not as they were given. */
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { appendFile, chmod, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { OverlaySource } from '../src/model/overlay-source.ts';
import { agentStorageNode, bootHealthy, type AgentStorageNode } from './support/agent-node.ts';
import { isMissing } from './support/programs.ts';
import { sampleOverlay } from './support/sample-view.ts';

/** The agent runs on the busybox that the initramfs leaves behind. */
const isAbsent = isMissing('busybox');

let storage: AgentStorageNode;
let node: Awaited<ReturnType<typeof bootHealthy>>;

/** The overlay of compute nodes that brings nothing else. */
const own = (spec: Record<string, unknown>, texts: Record<string, string>): OverlaySource =>
  sampleOverlay('slurm-compute', spec, texts);

function give(overlay: OverlaySource): void {
  const { overlays, ...view } = storage.viewWith();
  storage.world.view = { ...view, overlays: new Map([...overlays, [overlay.name, overlay]]) };
}

async function boot(overlay: OverlaySource) {
  storage = await agentStorageNode();
  give(overlay);
  node = await bootHealthy(storage, ['dash']);
  node.start();
  await until(() => heartbeat()?.phase).toBe('ready');
}

afterEach(async () => {
  await node.remove();
  await storage.server.stop();
  await storage.remove();
});

const heartbeat = () => storage.heartbeats.of('node01');
const until = (what: () => unknown) => expect.poll(what, { timeout: 18_000, interval: 20 });
const at = (file: string) => path.join(node.root, file);
const text = (file: string) => (existsSync(at(file)) ? readFileSync(at(file), 'utf8') : undefined);
const mode = (file: string) => (statSync(at(file)).mode & 0o7777).toString(8);
const live = (...files: readonly string[]) => ({
  files: Object.fromEntries(files.map((file) => [file, { live: true }])),
});
/** The agent has everything. */
const isCurrent = () => heartbeat()?.liveDigest === text('etc/pi-image/live')?.slice(0, 64);

describe.skipIf(isAbsent)('live files', () => {
  test('change their content, mode and owner, each as a whole', { timeout: 60_000 }, async () => {
    await boot(own(live('root/.ssh/authorized_keys'), { 'root/.ssh/authorized_keys': 'ssh-ed25519 one\n' }));
    expect(text('root/.ssh/authorized_keys')).toBe('ssh-ed25519 one\n');
    const hosts = statSync(at('etc/hosts'));

    const files = { 'root/.ssh/authorized_keys': { live: true, mode: '0600', owner: 'root:adm' } };
    give(own({ files }, { 'root/.ssh/authorized_keys': 'ssh-ed25519 one\nssh-ed25519 two\n' }));

    await until(() => text('root/.ssh/authorized_keys')).toContain('two');
    expect(mode('root/.ssh/authorized_keys')).toBe('600');
    if (process.getuid?.() === 0) expect(statSync(at('root/.ssh/authorized_keys')).gid).toBe(4);
    expect(statSync(at('etc/hosts')).ino).toBe(hosts.ino);
    await until(() => heartbeat()?.drift).toMatchObject({ count: 0 });
  });

  test('become folders and files again, and links', { timeout: 60_000 }, async () => {
    await boot(own(live('etc/x'), { 'etc/x': 'a file' }));
    expect(text('etc/x')).toBe('a file');

    give(own(live('etc/x/one', 'etc/x/two'), { 'etc/x/one': '1', 'etc/x/two': '2' }));
    await until(() => text('etc/x/two')).toBe('2');
    await until(isCurrent).toBe(true);

    const linked = own(live('etc/x'), { 'etc/x': 'replaced' });
    give({ ...linked, files: [{ kind: 'link', path: 'etc/x', target: '/etc/hosts' }] });
    await until(() => lstatSync(at('etc/x')).isSymbolicLink()).toBe(true);
    await until(isCurrent).toBe(true);

    give(own(live('etc/x'), { 'etc/x': 'a file again' }));
    await until(() => lstatSync(at('etc/x')).isFile() && text('etc/x')).toBe('a file again');
  });

  test('stay until the next boot when they are to be frozen ones', { timeout: 60_000 }, async () => {
    await boot(own(live('etc/x', 'etc/y', 'etc/z'), { 'etc/x': 'x', 'etc/y': 'y', 'etc/z': 'z' }));

    give(own(live('etc/z'), { 'etc/x': 'x of the next boot', 'etc/z': 'newer' }));

    await until(() => text('etc/z')).toBe('newer');
    await until(isCurrent).toBe(true);
    expect(text('etc/x')).toBe('x');
    expect(existsSync(at('etc/y'))).toBe(false);
    await until(() => text('etc/pi-image/live')).not.toContain('etc/x');
  });
});

describe.skipIf(isAbsent)('what was changed on the node', () => {
  const drift = () =>
    heartbeat()
      ?.drift?.files.map(({ what, path: file }) => `${what} ${file}`)
      .toSorted();

  beforeEach(() => boot(own({}, { 'etc/motd': 'hello', 'etc/issue': 'there' })));

  test('is told, and when it is repaired', { timeout: 60_000 }, async () => {
    await until(drift).toEqual([]);
    expect(heartbeat()?.drift?.overlayDigest).toMatch(/^[0-9a-f]{64}$/);

    await appendFile(at('etc/hosts'), '10.0.0.1 intruder\n');
    await rm(at('etc/motd'));
    await chmod(at('etc/issue'), 0o600);
    const link = 'etc/systemd/system/multi-user.target.wants/pi-image-agent.service';
    await rm(at(link));
    await symlink('/dev/null', at(link));

    await until(drift).toEqual(['attributes etc/issue', `changed etc/hosts`, `changed ${link}`, 'missing etc/motd']);
    expect(heartbeat()?.drift?.count).toBe(4);

    await writeFile(at('etc/motd'), 'hello');
    await chmod(at('etc/issue'), 0o644);
    await until(drift).toEqual(['changed etc/hosts', `changed ${link}`]);
  });

  test('is told at once when somebody asks', { timeout: 60_000 }, async () => {
    await until(drift).toEqual([]);
    await rm(at('etc/motd'));

    expect(await storage.overlayChecks.ask('node01', 15_000)).toBe(true);
    expect(drift()).toEqual(['missing etc/motd']);
    expect(await storage.overlayChecks.ask('nobody', 10)).toBe(false);
  });
});
