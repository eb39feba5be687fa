import { expect, test } from 'vitest';

import { aptError, ArchiveError } from '../../src/host/apt-error.ts';
import { HostError } from '../../src/model/errors.ts';

const cause = new HostError('"apt-get -q update" failed with exit code 100');

/** What apt 2.6 prints; names and addresses replaced. */
test.each([
  [
    'a name that does not resolve',
    [
      'Err:1 http://mirror.test/debian trixie InRelease',
      "  Temporary failure resolving 'mirror.test'",
      "E: Failed to fetch http://mirror.test/debian/dists/trixie/InRelease  Temporary failure resolving 'mirror.test'",
      'E: Some index files failed to download. They have been ignored, or old ones used instead.',
    ],
    'cannot reach the package archive at mirror.test',
  ],
  [
    'a closed port',
    [
      'Err:1 http://127.0.0.1:9/debian trixie InRelease',
      '  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)',
      'E: Failed to fetch http://127.0.0.1:9/debian/dists/trixie/InRelease  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)',
    ],
    'cannot reach the package archive at 127.0.0.1:9',
  ],
  [
    'a foreign key',
    [
      'Err:1 https://vendor.test/debian trixie InRelease',
      "  The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 82B129927FA3303E",
      "E: The repository 'https://vendor.test/debian trixie InRelease' is not signed.",
    ],
    'the package archive at vendor.test is not signed by a key that we trust',
  ],
])('%s is one sentence that names the host', (_name, said, message) => {
  const error = aptError(said, cause);
  expect(error).toBeInstanceOf(ArchiveError);
  expect(error.message).toBe(message);
  expect((error as ArchiveError).hint).toMatch(/\S/);
});

test("apt's own reason is kept when it is another", () => {
  const error = aptError(['Reading package lists...', 'E: Unable to locate package slrumd'], cause);
  expect(error.message).toBe('apt failed: Unable to locate package slrumd');
});

test('a failure without a word of apt stays what it is', () => {
  expect(aptError([], cause)).toBe(cause);
});
