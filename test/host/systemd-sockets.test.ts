/** LISTEN_FDS as systemd sets it, and as it must not be believed. */
import { expect, test } from 'vitest';

import { parseListenFds } from '../../src/host/systemd-sockets.ts';

test.each<[string, Record<string, string>, string[]]>([
  [
    'two named sockets',
    { LISTEN_FDS: '2', LISTEN_PID: '77', LISTEN_FDNAMES: 'dhcp:dhcp-client' },
    ['3 dhcp', '4 dhcp-client'],
  ],
  ['fewer names than sockets', { LISTEN_FDS: '2', LISTEN_PID: '77', LISTEN_FDNAMES: 'dhcp' }, ['3 dhcp', '4 unknown']],
  ['an empty name', { LISTEN_FDS: '2', LISTEN_PID: '77', LISTEN_FDNAMES: ':dhcp' }, ['3 unknown', '4 dhcp']],
  ['no names', { LISTEN_FDS: '1', LISTEN_PID: '77' }, ['3 unknown']],
  ['another process', { LISTEN_FDS: '1', LISTEN_PID: '78' }, []],
  ['no process', { LISTEN_FDS: '1' }, []],
  ['nothing', {}, []],
  ['no number', { LISTEN_FDS: 'many', LISTEN_PID: '77' }, []],
  ['none', { LISTEN_FDS: '0', LISTEN_PID: '77' }, []],
  ['a negative number', { LISTEN_FDS: '-1', LISTEN_PID: '77' }, []],
  ['half a socket', { LISTEN_FDS: '1.5', LISTEN_PID: '77' }, []],
  ['more than a process can have', { LISTEN_FDS: '1000000000', LISTEN_PID: '77' }, []],
])('%s', (_name, env, expected) => {
  expect(parseListenFds(env, 77).map(({ fd, name }) => `${fd} ${name}`)).toEqual(expected);
});
