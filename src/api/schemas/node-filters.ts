/** By what nodes are chosen from their list. */
import { z } from 'zod';

import { BoardName, boardNames } from '../../model/board.ts';
import { LabelSelector } from '../../model/labels.ts';
import { ResourceName } from '../../model/names.ts';
import { NodeStatus } from '../../model/node-status.ts';
import type { QueryParameter } from '../route.ts';

const states = NodeStatus.shape.state;

export const nodeFilters: readonly QueryParameter[] = [
  { name: 'role', description: 'Only those with this role.', schema: ResourceName, json: { type: 'string' } },
  {
    name: 'board',
    description: 'Only boards of this family.',
    schema: BoardName,
    json: { type: 'string', enum: boardNames },
  },
  {
    name: 'state',
    description: 'Only those that stand there.',
    schema: states,
    json: { type: 'string', enum: states.options },
  },
  {
    name: 'nodes',
    description: 'Only these: names and ranges of them.',
    schema: z.string().min(1).max(65_536),
    json: { type: 'string', maxLength: 65_536 },
    example: 'node[01-08],head',
  },
  {
    name: 'label',
    description: 'Only those with this label: `NAME=VALUE`, or `NAME` for any value. Of several, each must fit.',
    schema: LabelSelector,
    json: { type: 'string' },
    isRepeatable: true,
    example: ['rack=a1'],
  },
];
