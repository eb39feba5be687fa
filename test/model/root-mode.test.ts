import { expect, test } from 'vitest';

import { sampleCluster } from '../support/sample-view.ts';

test('a root mode that is none is refused with those there are', () => {
  const roles = { compute: { image: 'debian-lite', root: 'disk' } };

  expect(() => sampleCluster({ roles })).toThrow(/shared.*squash.*ram.*persistent/s);
});
