/** Versions of images: which one a role boots, and which ones stay. */
import { json, route, type AnswerSpec, type Route } from '../route.ts';
import {
  ImageChange,
  imageChangeExample,
  ImageRequest,
  PinChange,
  pinChangeExample,
  PinRequest,
  ShownImage,
  shownImageExample,
} from '../schemas/image.ts';

const tag = 'images';

const chosen: AnswerSpec = {
  summary: 'What its nodes boot from now on, or would',
  schema: ImageChange,
  example: imageChangeExample,
};

export const imageRoutes: readonly Route[] = [
  route({
    method: 'put',
    path: '/roles/{name}/image',
    id: 'setRoleImage',
    tag,
    scope: 'operate',
    summary: 'Choose the version of its image that a role boots',
    description:
      '`previous` rolls back, `newest` ends a choice. Each of its nodes has that version after its next boot; what runs goes on. ' +
      'Nodes that are held are let go; where one of them would boot again what it did not come up in, `retry` is needed.',
    isChange: true,
    isGuarded: true,
    body: { schema: ImageRequest, example: { version: 'previous' } },
    answers: { 200: chosen },
    problems: [409],
    run: async ({ actions, param, body, options }) =>
      json((await actions.chooseVersion(param('name'), body, options)).answer),
  }),
  route({
    method: 'put',
    path: '/nodes/{name}/image',
    id: 'setNodeImage',
    tag,
    scope: 'operate',
    summary: 'Choose the version of its image that one node boots',
    description:
      'Goes before what was chosen for its role, as long as its role has the same image. If-Match is the ETag of the node.',
    isChange: true,
    isGuarded: true,
    body: { schema: ImageRequest, example: { version: '20261121.1' } },
    answers: { 200: { ...chosen, example: { ...imageChangeExample, name: 'node01', nodes: ['node01'] } } },
    problems: [409],
    run: async ({ actions, param, body, options }) =>
      json((await actions.chooseVersion(param('name'), body, options)).answer),
  }),
  route({
    method: 'get',
    path: '/images/{name}/{version}',
    id: 'getImage',
    tag,
    scope: 'read',
    summary: 'Show a version of an image with its kernels and packages',
    description: 'The ETag is another one when somebody pins it, or lets it go.',
    answers: { 200: { summary: 'The version', schema: ShownImage, example: shownImageExample, headers: ['ETag'] } },
    run: ({ actions, param }) => {
      const { answer, etag } = actions.image(param('name'), param('version'));
      return json(answer, { etag });
    },
  }),
  route({
    method: 'put',
    path: '/images/{name}/{version}/pin',
    id: 'pinImage',
    tag,
    scope: 'operate',
    summary: 'Keep a version of an image, or let it go',
    description: 'A pinned version is never removed by a clean-up.',
    isChange: true,
    isGuarded: true,
    body: { schema: PinRequest, example: { isPinned: true } },
    answers: { 200: { summary: 'Whether it stays', schema: PinChange, example: pinChangeExample } },
    run: async ({ actions, param, body, options }) => {
      const id = { image: param('name'), version: param('version') };
      return json((await actions.pinVersion(id, body, options)).answer);
    },
  }),
];
