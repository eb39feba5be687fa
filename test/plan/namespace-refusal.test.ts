import { describe, expect, test } from 'vitest';

import type { NamespaceFacts } from '../../src/model/user-namespace.ts';
import { explainRefusal } from '../../src/plan/namespace-refusal.ts';

const facts = (changes: Partial<NamespaceFacts> = {}): NamespaceFacts => ({
  dir: '/home/ada/.cache/pi-image',
  user: 'ada',
  hasMappers: true,
  hasRanges: true,
  limits: { namespaces: 63_000, unprivileged: undefined, restricted: undefined },
  said: [],
  ...changes,
});
const limits = (changes: Partial<NamespaceFacts['limits']>) => ({ ...facts().limits, ...changes });

describe('why a user cannot build in a user namespace', () => {
  test.each<[string, NamespaceFacts, string, string]>([
    [
      'no newuidmap',
      facts({ hasMappers: false, hasRanges: false }),
      'newuidmap is not installed',
      'apt install uidmap',
    ],
    ['no numbers', facts({ hasRanges: false }), 'ada has no 65536 numbers', '--add-subuids 100000-165535'],
    [
      'none allowed',
      facts({ limits: limits({ namespaces: 0 }) }),
      'user.max_user_namespaces',
      'max_user_namespaces=10000',
    ],
    ['root alone', facts({ limits: limits({ unprivileged: 0 }) }), 'root alone', 'unprivileged_userns_clone=1'],
    [
      'AppArmor',
      facts({
        limits: limits({ restricted: 1 }),
        said: ['entered', 'unshare: unshare failed: Operation not permitted'],
      }),
      'AppArmor',
      'apparmor_restrict_unprivileged_userns=0',
    ],
    [
      'a container',
      facts({ said: ['entered', 'unshare: mount /proc failed: Operation not permitted'] }),
      'mount /proc failed: Operation not permitted',
      'unmask=ALL',
    ],
    [
      'NFS',
      facts({ said: ['entered', 'mounted', 'chown: changing ownership of x: Invalid argument'] }),
      'files in /home/ada/.cache/pi-image cannot be given to other users',
      'local disk',
    ],
    [
      'an old kernel',
      facts({
        said: ['entered', 'mounted', 'owned', 'mount: wrong fs type', '       dmesg(1) may have more information'],
      }),
      'layers cannot be mounted in /home/ada/.cache/pi-image: mount: wrong fs type',
      '5.11',
    ],
    ['who knows', facts({ said: ['unshare: something new'] }), 'something new', 'unshare --user'],
  ])('%s', (_, given, why, cure) => {
    const refusal = explainRefusal(given);
    expect(refusal.why).toContain(why);
    expect(refusal.cure).toContain(cure);
  });

  test('a setting of the kernel is not to blame for what came after it', () => {
    const given = facts({ limits: limits({ restricted: 1 }), said: ['entered', 'mounted', 'owned', 'mount: no'] });
    expect(explainRefusal(given).why).toContain('layers cannot be mounted');
  });
});
