import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { renderYaml } from '../../src/host/yaml-file.ts';
import { sampleSite } from '../support/command-line.ts';
import { sampleClusterInput } from '../support/sample-view.ts';

describe('the key that signs boot.img', () => {
  test('is made once, shown by its public half with what to do, and never by its private one', async () => {
    const { run, dir } = await sampleSite();

    const first = await run('secret', 'make', 'bootSigning');
    const second = await run('secret', 'make', 'bootSigning');
    const shown = await run('secret', 'show-public', 'bootSigning');

    const id = /^bootSigning is key ([0-9a-f]{16})\n/.exec(first.out)?.[1] ?? 'none';
    expect(second.out).toContain(`bootSigning is key ${id}, which was there already\n`);
    expect(createPublicKey(shown.out).asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(shown.err).toContain(`public half of key ${id}`);
    expect(shown.err).toContain('  HTTP_HOST=10.42.0.1\n  HTTP_PORT=80\n  HTTP_PATH=boot\n');
    expect(shown.err).toContain('rpi-eeprom-config -c boot.conf -p public.pem');
    expect(shown.err).toMatch(/writes nothing into the one-time\s+memory \(OTP\)/);
    const pem = await readFile(path.join(dir, 'state/secrets/boot-signing/private.pem'), 'utf8');
    const line = pem.split('\n')[3] ?? 'none';
    for (const { out, err } of [first, second, shown]) expect(out + err).not.toContain(line);
  });

  test('cannot be shown before it is made', async () => {
    const { run } = await sampleSite();

    expect(await run('secret', 'show-public', 'bootSigning')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('Run "pi-image secret make bootSigning"'),
    });
  });

  test('is rotated with --yes only', async () => {
    const { run } = await sampleSite();
    const { out: first } = await run('secret', 'make', 'bootSigning');

    expect(await run('secret', 'rotate', 'bootSigning')).toMatchObject({ code: 1, out: '' });
    expect(await run('secret', 'rotate', 'bootSigning', '--wait')).toMatchObject({ code: 2, out: '' });
    expect((await run('secret', 'make', 'bootSigning')).out).toContain(first.slice(0, 35));
    const { out } = await run('secret', 'rotate', 'bootSigning', '--yes');
    expect(out).toMatch(/^bootSigning is key [0-9a-f]{16}; key [0-9a-f]{16} is kept as previous-[0-9a-f]{16}\.pem\n/);
    expect(out.slice(0, 35)).not.toBe(first.slice(0, 35));
  });

  test('is the only one that is made by hand', async () => {
    const { run } = await sampleSite();

    expect(await run('secret', 'make', 'mungeKey')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Allowed choices are bootSigning'),
    });
  });

  test('has a name that no secret of cluster.yaml may have', async () => {
    const secrets = { ...sampleClusterInput.secrets, bootSigning: { generateBytes: 32 } };
    const { run } = await sampleSite({ 'cluster.yaml': renderYaml({ ...sampleClusterInput, secrets }) });

    expect((await run('config', 'check')).err).toContain('bootSigning is made by pi-image itself');
  });
});

test('secrets are listed by name, with the roles that have them and nothing of what is in them', async () => {
  const { run, write } = await sampleSite();
  await write('state/secrets/cluster/mungeKey', 'very secret');
  await run('secret', 'make', 'bootSigning');

  const { out } = await run('secret', 'list');

  expect(out).toMatch(/^mungeKey +128 random bytes +yes +compute,controller,login$/m);
  expect(out).toMatch(/^bootSigning +made by "pi-image secret make" +yes +-$/m);
  expect((await run('secret', 'list', '-o', 'json')).out).not.toContain('very');
  expect((await run('secret', 'list', '-o', 'name')).out).toBe('mungeKey\nbootSigning\n');
});
