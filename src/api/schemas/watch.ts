/** The cluster as a picture: what is told to those who watch it, beside events. */
import { z } from 'zod';

import { BoardName } from '../../model/board.ts';
import { bootPhases } from '../../model/boot-phase.ts';
import { Event } from '../../model/event.ts';
import { NodeStatus } from '../../model/node-status.ts';
import { PowerPort } from '../../model/power.ts';
import { WaitingBoard } from '../../model/state.ts';
import { Role } from './role.ts';
import { Image } from './service.ts';

/** A node as it stands in the rack: little enough for a thousand of them. */
export const NodeTile = z.strictObject({
  name: z.string(),
  board: BoardName,
  address: z.string(),
  role: z.string(),
  power: PowerPort.optional(),
  state: NodeStatus.shape.state,
  reason: z.string().optional(),
  /** What it runs. */
  image: z.string().optional(),
  /** What it would boot now, where that is something else. */
  next: z.string().optional(),
  temperatureCelsius: z.number().optional(),
  /** Bits of what holds the board back, as in a heartbeat. */
  throttled: z.int().optional(),
  boot: z
    .strictObject({ id: z.string(), startedAtMs: z.number(), phase: z.enum(bootPhases), isOpen: z.boolean() })
    .optional(),
});
export type NodeTile = Readonly<z.output<typeof NodeTile>>;

export const ClusterNews = z.strictObject({
  /** Number of the newest event that it holds. */
  asOf: z.int(),
  /** All nodes there are; else those that have changed. */
  isWhole: z.boolean(),
  nodes: z.array(NodeTile),
  /** Names of nodes that are no more. */
  removed: z.array(z.string()),
  /** Missing where nothing of them has changed, as the two below. */
  boards: z.array(WaitingBoard).optional(),
  images: z.array(Image).optional(),
  roles: z.array(Role).optional(),
});
export type ClusterNews = Readonly<z.output<typeof ClusterNews>>;

/** What `data` of a frame holds: the frame's name is `cluster`, or the kind of the event. */
export const WatchFrame = z.union([ClusterNews, Event]);

export const clusterNewsExample = {
  asOf: 1042,
  isWhole: false,
  nodes: [
    {
      name: 'node01',
      board: 'pi5',
      address: '10.42.0.11',
      role: 'compute',
      state: 'ready',
      image: 'debian-lite@20261121.1',
      temperatureCelsius: 48,
    },
  ],
  removed: [],
};
