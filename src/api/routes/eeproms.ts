/** EEPROMs: the boot loaders in the flash of Pi 4 and 5, and their updates. */
import { z } from 'zod';

import { listed } from '../page.ts';
import { json, route, type Route } from '../route.ts';
import { Eeprom, EepromChange, eepromExample, EepromRequest } from '../schemas/eeprom.ts';

const tag = 'nodes';

export const eepromRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/eeproms',
    id: 'listEeproms',
    tag,
    scope: 'read',
    summary: 'List the EEPROMs of all nodes',
    isPaged: true,
    answers: { 200: { summary: 'One for each node', schema: z.array(Eeprom), example: [eepromExample] } },
    run: (call) => listed(call, call.actions.eeproms(), ({ node }) => node),
  }),
  route({
    method: 'get',
    path: '/nodes/{name}/eeprom',
    id: 'getNodeEeprom',
    tag,
    scope: 'read',
    summary: "Show a node's EEPROM, and what it is to have",
    answers: { 200: { summary: 'What the node reports, and what is staged', schema: Eeprom, example: eepromExample } },
    run: ({ actions, param }) => json(actions.eeprom(param('name'))),
  }),
  route({
    method: 'put',
    path: '/nodes/{name}/eeprom',
    id: 'setNodeEeprom',
    tag,
    scope: 'admin',
    summary: "Stage an update of a node's EEPROM, or take it away",
    description:
      'Its board takes the update at its next boot over TFTP, under its own prefix. With `waitsFor` it is staged when ' +
      'all those nodes are back with the same image.',
    isChange: true,
    isGuarded: true,
    body: {
      schema: EepromRequest,
      example: { image: 'VarwDwAAAAA=', config: '[all]\nBOOT_ORDER=0xf21\n', waitsFor: ['node01'] },
    },
    answers: {
      200: {
        summary: 'What is staged, or would be',
        schema: EepromChange,
        example: { ...eepromExample, dryRun: false },
        headers: ['ETag'],
      },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer, etag } = await actions.setEeprom(param('name'), body, options);
      return json(answer, { etag });
    },
  }),
];
