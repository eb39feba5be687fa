import { expect, test } from 'vitest';

import { installFast, type WaysToInstall } from '../../src/build/fast-engine.ts';
import type { BuildEngine } from '../../src/build/running-build.ts';
import { HostError } from '../../src/model/errors.ts';

const native = { dir: '/native', packages: [] };

/** What is called, in order, and what is said. */
async function install(ways: Partial<WaysToInstall>, engine?: BuildEngine, signal = new AbortController().signal) {
  const called: string[] = [];
  const call = (name: string) => async () => void called.push(name);
  const silent = () => undefined;
  const progress = { step: silent, detail: silent, output: silent, note: (text: string) => void called.push(text) };
  const work = installFast(
    { ...(engine !== undefined && { engine }), progress, signal },
    {
      prepare: () => Promise.resolve(native),
      fast: call('fast'),
      discard: call('discard'),
      plain: call('plain'),
      ...ways,
    },
  );
  return { called, work };
}

const fails = (error: Error) => async (): Promise<never> => {
  throw error;
};
const broken = new HostError('a script failed');

test('the fast way, where nothing else is said', async () => {
  const { called, work } = await install({});
  await work;
  expect(called).toEqual(['fast']);
});

test('the plain way, where it is asked for', async () => {
  const { called, work } = await install({ prepare: fails(broken) }, 'plain');
  await work;
  expect(called).toEqual(['plain']);
});

test('the plain way, where no program of this machine can stand in', async () => {
  const { called, work } = await install({ prepare: () => Promise.resolve(undefined) });
  await work;
  expect(called).toEqual(['plain']);
});

test.each([
  ['preparing it', { prepare: fails(broken) }],
  ['the installation', { fast: fails(broken) }],
])('when %s fails, what is there is discarded and everything emulated', async (_, ways) => {
  const { called, work } = await install(ways);
  await work;
  expect(called).toEqual(['the fast way failed, everything is emulated instead: a script failed', 'discard', 'plain']);
});

test('a bug is not hidden behind the plain way', async () => {
  const { called, work } = await install({ fast: fails(new TypeError('x is undefined')) });
  await expect(work).rejects.toThrow('x is undefined');
  expect(called).toEqual([]);
});

test('who interrupts the fast way does not get the plain one', async () => {
  const controller = new AbortController();
  const fast = async () => {
    controller.abort(new Error('interrupted'));
    throw broken;
  };
  const { called, work } = await install({ fast }, undefined, controller.signal);
  await expect(work).rejects.toThrow('interrupted');
  expect(called).toEqual([]);
});
