import { describe, expect, test } from 'vitest';

import type { OverlaySource } from '../../src/model/overlay-source.ts';
import { mergeOverlays, parentsOf } from '../../src/plan/overlay-merge.ts';
import { sampleOverlay } from '../support/sample-view.ts';

/** `overlay:path` of what is left, links with their targets. */
const story = (...overlays: OverlaySource[]) =>
  mergeOverlays(overlays).entries.map(
    (entry) => `${entry.overlay}:${entry.path}${entry.kind === 'link' ? ` -> ${entry.target}` : ''}`,
  );

const a = sampleOverlay('a', {}, { 'etc/motd': 'a', 'etc/app/x': 'a', 'etc/app/y': 'a' });

test('a later overlay wins, path by path', () => {
  const b = sampleOverlay('b', {}, { 'etc/motd.hbs': 'b', 'etc/other': 'b' });

  expect(story(a, b)).toEqual(['a:etc/app/x', 'a:etc/app/y', 'b:etc/motd', 'b:etc/other']);
  expect(story(b, a)).toEqual(['a:etc/app/x', 'a:etc/app/y', 'a:etc/motd', 'b:etc/other']);
});

test('a removed path is also taken from earlier overlays, not from later ones', () => {
  const remover = sampleOverlay('remover', { remove: ['etc/app', 'etc/mo*'] });

  expect(story(a, remover)).toEqual([]);
  expect(story(remover, a)).toEqual(['a:etc/app/x', 'a:etc/app/y', 'a:etc/motd']);
  expect(mergeOverlays([remover, a, remover]).remove).toEqual(['etc/app', 'etc/mo*']);
});

test.each([
  ['etc/mot?', ['a:etc/app/x', 'a:etc/app/y']],
  ['etc/*', []],
  ['etc/a.p', ['a:etc/app/x', 'a:etc/app/y', 'a:etc/motd']],
  ['*/x', ['a:etc/app/x', 'a:etc/app/y', 'a:etc/motd']],
  ['etc/app/?', ['a:etc/motd']],
])('the glob %s stays within one folder', (glob, left) => {
  expect(story(a, sampleOverlay('remover', { remove: [glob] }))).toEqual(left);
});

describe('units', () => {
  test.each([
    ['slurmd', 'multi-user.target.wants/slurmd.service', '/usr/lib/systemd/system/slurmd.service'],
    ['ssh.socket', 'sockets.target.wants/ssh.socket', '/usr/lib/systemd/system/ssh.socket'],
    ['backup.timer', 'timers.target.wants/backup.timer', '/usr/lib/systemd/system/backup.timer'],
    ['spool.path', 'multi-user.target.wants/spool.path', '/usr/lib/systemd/system/spool.path'],
    ['home.mount', 'multi-user.target.wants/home.mount', '/usr/lib/systemd/system/home.mount'],
    ['getty@tty1', 'multi-user.target.wants/getty@tty1.service', '/usr/lib/systemd/system/getty@.service'],
    ['dbus-org.x', 'multi-user.target.wants/dbus-org.x.service', '/usr/lib/systemd/system/dbus-org.x.service'],
  ])('%s is enabled by %s', (unit, link, target) => {
    expect(story(sampleOverlay('o', { units: { enable: [unit] } }))).toEqual([
      `units:etc/systemd/system/${link} -> ${target}`,
    ]);
  });

  test('a unit that an overlay brings along is enabled where it lies', () => {
    const own = sampleOverlay(
      'own',
      { units: { enable: ['hello'] } },
      { 'etc/systemd/system/hello.service': '[Service]' },
    );

    expect(story(own)).toEqual([
      'own:etc/systemd/system/hello.service',
      'units:etc/systemd/system/multi-user.target.wants/hello.service -> /etc/systemd/system/hello.service',
    ]);
  });

  test('the last overlay that names a unit decides', () => {
    const on = sampleOverlay('on', { units: { enable: ['slurmd'] } });
    const off = sampleOverlay('off', { units: { mask: ['slurmd.service'] } });

    expect(story(on, off)).toEqual(['units:etc/systemd/system/slurmd.service -> /dev/null']);
    expect(story(off, on)).toEqual([
      'units:etc/systemd/system/multi-user.target.wants/slurmd.service -> /usr/lib/systemd/system/slurmd.service',
    ]);
  });

  test('one overlay cannot do both', () => {
    const both = sampleOverlay('both', { units: { enable: ['slurmd'], mask: ['slurmd.service'] } });

    expect(() => story(both)).toThrow('the overlay both enables and masks slurmd.service');
  });
});

test('a file in the place of a folder names both overlays', () => {
  const file = sampleOverlay('file', {}, { 'etc/app': 'a file' });

  expect(() => story(a, file)).toThrow('the overlay a brings etc/app/x, but etc/app is a file of the overlay file');
});

test('a path has all its folders as parents', () => {
  expect(parentsOf('a/b/c')).toEqual(['a/b', 'a']);
  expect(parentsOf('a')).toEqual([]);
});
