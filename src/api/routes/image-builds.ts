/** Builds of images, as operations. */
import { json, route, type Route } from '../route.ts';
import {
  BuildRequest,
  buildRequestExample,
  plannedBuildExample,
  StartedBuild,
  startedBuildExample,
} from '../schemas/image-build.ts';

export const imageBuildRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/images/{name}:build',
    id: 'buildImage',
    tag: 'images',
    scope: 'operate',
    summary: 'Make a new version of an image',
    description:
      'Builds its image.yaml on the storage node, as `pi-image build` does; one build goes on at a time (409). What did ' +
      'not change is taken from the cache, and when nothing changed there is no new version. The answer does not wait: ' +
      'it names the operation, which has the steps and what the build said last.',
    isChange: true,
    body: { schema: BuildRequest, example: buildRequestExample },
    answers: {
      200: { summary: 'What it would do', schema: StartedBuild, example: plannedBuildExample },
      202: { summary: 'It has begun', schema: StartedBuild, example: startedBuildExample, headers: ['Location'] },
    },
    problems: [409],
    run: async ({ actions, param, body, options }) => {
      const { answer } = await actions.buildImage({ image: param('name'), ...body }, options);
      if (answer.operation === undefined) return json(answer);
      return json(answer, { status: 202, location: `/api/v1/operations/${answer.operation}` });
    },
  }),
];
