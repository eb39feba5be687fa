/** Boards of a rack from one line. */
import { describe, expect, test } from 'vitest';

import { parseRackBoards } from '../../src/cli/rack-boards.ts';

const short = (text: string) => parseRackBoards(text).map(({ name, role, board }) => `${name}:${role}:${board}`);

describe('a list of boards', () => {
  test.each([
    ['the first is the controller', 'head,node01', ['head:controller:pi4', 'node01:compute:pi4']],
    ['ranges', 'head,node[01-02]:compute:pi5', ['head:controller:pi4', 'node01:compute:pi5', 'node02:compute:pi5']],
    ['a role of its own', 'a:login,b', ['a:login:pi4', 'b:compute:pi4']],
  ])('%s', (_name, text, expected) => expect(short(text)).toEqual(expected));

  test.each([
    ['an unknown family', 'head:controller:pi9', '"head:controller:pi9" is not a board'],
    ['a part too many', 'head:controller:pi4:x', 'too many parts'],
    ['a bad name', 'Head', 'a host name of'],
  ])('%s is refused', (_name, text, message) => expect(() => parseRackBoards(text)).toThrow(message));
});
