import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, test } from 'vitest';

import { runCheck } from '../../src/host/run-check.ts';

const check = (script: string, deadlineMs = 20_000) => ({
  argv: ['/bin/sh', '-c', script, 'check', '$(touch nothing) "one argument"'],
  deadlineMs,
  env: { PI_IMAGE_NODES: 'node01,node02' },
  signal: new AbortController().signal,
});

test('0 is well; it is told what it judges, and its arguments are nobody’s shell', async () => {
  const file = path.join(tmpdir(), `check-${process.pid}`);
  await runCheck(check(`printf '%s|%s' "$PI_IMAGE_NODES" "$1" > ${file}`));
  expect(await readFile(file, 'utf8')).toBe('node01,node02|$(touch nothing) "one argument"');
  await runCheck(check(`rm ${file}`));
});

test('what it says last is why it fails', async () => {
  await expect(runCheck(check('echo "node02: no route" >&2; exit 3'))).rejects.toThrow('node02: no route');
});

test('one that does not end in time has failed', async () => {
  await expect(runCheck(check('exec sleep 600', 100))).rejects.toMatchObject({
    message: '"/bin/sh" did not end within 0.1 s',
    hint: expect.stringContaining('"timeout" of the check') as unknown,
  });
});

test('when the service ends it is no failure of the check', async () => {
  const stop = new AbortController();
  const running = runCheck({ ...check('exec sleep 600'), signal: stop.signal });
  stop.abort(new Error('the service ends'));
  await expect(running).rejects.toThrow('the service ends');
});
