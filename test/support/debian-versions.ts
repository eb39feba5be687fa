/** Versions as Debian has them, and such as only a fuzzer writes. */
import * as fc from 'fast-check';

const text = fc.string({ unit: fc.constantFrom('0', '0', '1', '9', 'a', 'A', 'z', 'Z', '~', '.', '+'), maxLength: 8 });

/** deb-version(7): an upstream version begins with a digit, and a hyphen in it needs a revision. */
export const debianVersion = fc
  .record({
    epoch: fc.option(fc.integer({ min: 0, max: 12 })),
    digit: fc.constantFrom('0', '1', '2', '9'),
    upstream: text,
    middle: fc.option(text),
    revision: fc.option(text.filter((each) => each !== '')),
  })
  .map(({ epoch, digit, upstream, middle, revision }) => {
    const before = epoch === null ? '' : `${epoch}:`;
    const after = revision === null ? '' : `${middle === null ? '' : `-${middle}`}-${revision}`;
    return `${before}${digit}${upstream}${after}`;
  });
