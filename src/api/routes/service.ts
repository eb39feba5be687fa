/** The service itself: health, addresses, images, and what happens. */
import { z } from 'zod';

import { Event } from '../../model/event.ts';
import { readLastEventId, streamEvents } from '../event-stream.ts';
import { listed } from '../page.ts';
import { json, route, type Route } from '../route.ts';
import {
  eventExample,
  Health,
  healthExample,
  Image,
  imageExample,
  Lease,
  leaseExample,
  ServiceAbout,
  serviceExample,
} from '../schemas/service.ts';

export const serviceRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/healthz',
    id: 'getHealth',
    tag: 'service',
    scope: 'none',
    summary: 'Is the service well?',
    description: 'Also at `/healthz`, where monitors look. Without a token it says whether, and not what is wrong.',
    answers: {
      200: { summary: 'All parts do their work', schema: Health, example: healthExample },
      503: {
        summary: 'At least one part has a problem',
        schema: Health,
        example: {
          status: 'red',
          parts: [{ name: 'nfs', problems: ['ganesha.nfsd is not installed'], sinceMs: 1_795_248_000_000 }],
        },
      },
    },
    run: ({ actions, caller }) => {
      const { status, parts } = actions.health();
      return json(caller === undefined ? { status } : { status, parts }, { status: status === 'ok' ? 200 : 503 });
    },
  }),
  route({
    method: 'get',
    path: '/service',
    id: 'getService',
    tag: 'service',
    scope: 'read',
    summary: 'Say which service this is, and how other machines reach it',
    answers: { 200: { summary: 'The service', schema: ServiceAbout, example: serviceExample } },
    run: ({ actions }) => json(actions.service()),
  }),
  route({
    method: 'get',
    path: '/leases',
    id: 'listLeases',
    tag: 'service',
    scope: 'read',
    summary: 'List the addresses that nodes and unknown boards have',
    isPaged: true,
    answers: { 200: { summary: 'All leases', schema: z.array(Lease), example: [leaseExample] } },
    run: (call) => listed(call, call.actions.leases(), ({ address }) => address),
  }),
  route({
    method: 'get',
    path: '/images',
    id: 'listImages',
    tag: 'images',
    scope: 'read',
    summary: 'List published image versions and who uses them',
    isPaged: true,
    answers: {
      200: { summary: 'All versions, newest first of each image', schema: z.array(Image), example: [imageExample] },
    },
    run: (call) => listed(call, call.actions.images(), ({ name, version }) => `${name}@${version}`),
  }),
  route({
    method: 'get',
    path: '/events',
    id: 'followEvents',
    tag: 'service',
    scope: 'read',
    summary: 'Follow what happens',
    description:
      'Server-sent events: `id` counts up, `event` is the kind, `data` is the event as JSON. Begins with what happens ' +
      'now, or after the event that Last-Event-ID names: 0 is all that is kept. A comment every 15 s keeps the connection open.',
    isResumable: true,
    answers: {
      200: {
        summary: 'Events as they come; it ends with the service',
        mediaType: 'text/event-stream',
        schema: z.string(),
        eventData: Event,
        example: `id: ${eventExample.id}\nevent: ${eventExample.kind}\ndata: ${JSON.stringify(eventExample)}\n\n`,
      },
    },
    run: ({ actions, lastEventId, isStillAllowed, signal }) => {
      const after = readLastEventId(lastEventId);
      return {
        kind: 'stream',
        send: (to) => streamEvents({ events: actions.events, after, to, isStillAllowed, signal }),
      };
    },
  }),
];
