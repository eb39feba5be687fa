/** zod schemas as the JSON Schemas of the document. What has a name stands there once and is referred to. */
import { z } from 'zod';

import { AuditEntry } from '../model/audit.ts';
import { Finding, NodeDiagnosis, SiteDiagnosis } from '../model/diagnosis.ts';
import { Event } from '../model/event.ts';
import { Ipv4 } from '../model/ipv4.ts';
import { Mac } from '../model/mac.ts';
import { NodeSpec } from '../model/node.ts';
import { PublicBoot } from '../model/node-status.ts';
import { OverlayReport } from '../model/overlay-report.ts';
import { SerialText } from '../model/serial.ts';
import { WaitingBoard } from '../model/state.ts';
import { Plan } from './schemas/boot.ts';
import { Eeprom, EepromChange, EepromRequest } from './schemas/eeprom.ts';
import { ImageChange, ImageRequest, PinChange, PinRequest, ShownImage } from './schemas/image.ts';
import { BuildRequest, ListedBuild, ShownBuild, StartedBuild } from './schemas/image-build.ts';
import { AdoptRequest, Node, NodePatch, NodesChange } from './schemas/node.ts';
import { TargetGroup } from './schemas/monitoring.ts';
import {
  AnyOperation,
  AnyShownOperation,
  AssignRequest,
  CancelledOperation,
  ResumedOperation,
  HeldWork,
  ListedOperation,
  ShownOperation,
  StartedOperation,
} from './schemas/operation.ts';
import { Overlay, ShownOverlay } from './schemas/overlay.ts';
import {
  NodePower,
  PowerChange,
  PowerListRequest,
  PowerMap,
  PowerOrder,
  PowerRequest,
  PowerRuns,
  Shutdown,
} from './schemas/power.ts';
import { Problem } from './schemas/problem.ts';
import { Reboot, Role, RoleChange } from './schemas/role.ts';
import { RolesChange, RolesRequest } from './schemas/role-changes.ts';
import { RoleRequest } from './schemas/role-request.ts';
import { ListedRotation, RotateRequest, ShownRotation, StartedRotation } from './schemas/rotation.ts';
import {
  Change,
  OrderedRollout,
  Rollback,
  RollbackRequest,
  RolloutRequest,
  ShownRollout,
  StartedRollout,
} from './schemas/rollout.ts';
import { Document, Health, Image, Lease, ServiceAbout } from './schemas/service.ts';
import { NewToken, RevokedToken, Token, TokenRequest, Whoami } from './schemas/token.ts';
import { ClusterNews, NodeTile, WatchFrame } from './schemas/watch.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What clients send: read strictly. */
const requests: Readonly<Record<string, z.ZodType>> = {
  NodeSpec,
  NodePatch,
  AdoptRequest,
  RoleRequest,
  RolesRequest,
  AssignRequest,
  RotateRequest,
  RolloutRequest,
  RollbackRequest,
  EepromRequest,
  PowerRequest,
  PowerListRequest,
  ImageRequest,
  PinRequest,
  BuildRequest,
  TokenRequest,
};

/** What they get: a later version may tell more, and a client made today must not mind. */
const answers: Readonly<Record<string, z.ZodType>> = {
  Node,
  NodesChange,
  Boot: PublicBoot,
  Finding,
  NodeDiagnosis,
  SiteDiagnosis,
  OverlayReport,
  Plan,
  Overlay,
  ShownOverlay,
  Role,
  RoleChange,
  RolesChange,
  Reboot,
  StartedOperation,
  Operation: ListedOperation,
  ShownOperation,
  CancelledOperation,
  ResumedOperation,
  HeldWork,
  StartedRotation,
  Rotation: ListedRotation,
  ShownRotation,
  StartedBuild,
  Build: ListedBuild,
  ShownBuild,
  AnyOperation,
  AnyShownOperation,
  StartedRollout,
  Rollout: ShownRollout,
  OrderedRollout,
  Rollback,
  Change,
  Eeprom,
  EepromChange,
  NodePower,
  PowerChange,
  PowerRuns,
  PowerMap,
  PowerOrder,
  Shutdown,
  UnknownBoard: WaitingBoard,
  Image,
  ShownImage,
  Lease,
  TargetGroup,
  Event,
  NodeTile,
  ClusterNews,
  WatchFrame,
  ServiceAbout,
  Health,
  Token,
  NewToken,
  RevokedToken,
  Whoami,
  AuditEntry,
  ImageChange,
  PinChange,
  Problem,
  Document,
};

/** For people who read the document; our parsers take more spellings. */
const texts: readonly (readonly [schema: z.core.$ZodType, JsonSchema])[] = [
  [Mac, { description: 'Ethernet address; colons or dashes.', examples: ['2c:cf:67:01:02:03'] }],
  [Ipv4, { format: 'ipv4' }],
  [
    SerialText,
    { description: 'Serial of a board: 8 hex digits, or 16 of which the low 8 count.', examples: ['9ffefdef'] },
  ],
];

const refOf = (name: string) => `#/components/schemas/${name}`;

export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  return { ...convert(requests, 'strict'), ...convert(answers, 'open') };
}

/** @throws Error for a schema without a name: give it one above */
export function schemaRef(schema: z.ZodType): JsonSchema {
  const [name] = Object.entries({ ...requests, ...answers }).find(([, known]) => known === schema) ?? [];
  if (name !== undefined) return { $ref: refOf(name) };
  if (schema instanceof z.ZodArray) return { type: 'array', items: schemaRef(schema.element as z.ZodType) };
  if (schema instanceof z.ZodString) return { type: 'string' };
  throw new Error('a schema of the API has no name in json-schema.ts');
}

function convert(named: Readonly<Record<string, z.ZodType>>, kind: 'strict' | 'open') {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: refOf,
    override: ({ zodSchema, jsonSchema }) => {
      for (const [known, more] of texts) if (known === zodSchema) Object.assign(jsonSchema, more);
      // zod's limits of a whole number, which nobody set.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (kind === 'open' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...schema }]): [string, JsonSchema] => [
      id,
      schema,
    ]),
  );
}
