/** Boards that asked for an address and are no nodes yet. */
import { z } from 'zod';

import { parseMac } from '../../model/mac.ts';
import { WaitingBoard } from '../../model/state.ts';
import { listed } from '../page.ts';
import { json, route, type Route } from '../route.ts';
import { AdoptRequest, NodesChange } from '../schemas/node.ts';
import { unknownBoardExample } from '../schemas/service.ts';

const tag = 'boards';

export const boardRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/unknown-boards',
    id: 'listUnknownBoards',
    tag,
    scope: 'read',
    summary: 'List boards that wait to be named',
    isPaged: true,
    description:
      'In the order in which they were switched on. `hold` is there while a board waits in its hold boot; model, memory and ' +
      'switch port are what it says itself.',
    answers: { 200: { summary: 'All of them', schema: z.array(WaitingBoard), example: [unknownBoardExample] } },
    run: (call) => listed(call, call.actions.unknownBoards(), ({ mac }) => mac),
  }),
  route({
    method: 'post',
    path: '/unknown-boards/{mac}:blink',
    id: 'blinkBoard',
    tag,
    scope: 'operate',
    summary: 'Have the LED of a board blink',
    description: 'For ten seconds, and at once: so you find the board that you are about to name. Changes nothing.',
    isChange: true,
    answers: { 200: { summary: 'It blinks', schema: WaitingBoard, example: unknownBoardExample } },
    problems: [409],
    run: ({ actions, param, options }) => json(actions.blink(parseMac(param('mac')), options)),
  }),
  route({
    method: 'post',
    path: '/unknown-boards/{mac}:adopt',
    id: 'adoptBoard',
    tag,
    scope: 'admin',
    summary: 'Make a board a node',
    description: 'From then on the board gets the secrets of its role: look at it before you name it.',
    isChange: true,
    body: { schema: AdoptRequest, example: { name: 'node03', role: 'compute', address: '10.42.0.13' } },
    answers: {
      200: { summary: 'What a dry run would add', schema: NodesChange, example: adopted(true), headers: ['ETag'] },
      201: {
        summary: 'The board is a node',
        schema: NodesChange,
        example: adopted(false),
        headers: ['ETag', 'Location'],
      },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer, etag } = await actions.adopt(parseMac(param('mac')), body, options);
      if (answer.dryRun) return json(answer, { etag });
      return json(answer, { status: 201, etag, location: `/api/v1/nodes/${body.name}` });
    },
  }),
];

function adopted(dryRun: boolean) {
  return { dryRun, changes: [{ kind: 'added', node: 'node03', fields: [] }] };
}
