/** One board as its owner describes it: an entry of nodes.yaml. */
import { z } from 'zod';

import { BoardName } from './board.ts';
import { Ipv4 } from './ipv4.ts';
import { Labels } from './labels.ts';
import { Mac } from './mac.ts';
import { NodeName, ResourceName, Variables } from './names.ts';
import { PowerPort } from './power.ts';
import { SerialText } from './serial.ts';

export const NodeSpec = z
  .strictObject({
    name: NodeName,
    /** Low 32 bits, as in the TFTP prefix. */
    serial: SerialText.optional(),
    mac: Mac.optional(),
    board: BoardName,
    address: Ipv4,
    role: ResourceName,
    vars: Variables.default({}),
    /** To choose nodes by. */
    labels: Labels.optional(),
    power: PowerPort.optional(),
  })
  .refine((node) => node.serial !== undefined || node.mac !== undefined, {
    message: 'a node needs a serial or a mac (or both), else its board cannot be recognised',
  });
export type NodeSpec = Readonly<z.infer<typeof NodeSpec>>;

export const NodeList = z.array(NodeSpec);
