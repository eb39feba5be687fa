/** States and boots as the service could have them, by chance: for property tests of whatever stores them. */
import * as fc from 'fast-check';

import { buildPackages, type ImageBuild } from '../../src/model/image-build.ts';
import { mungeNodeStates, mungeSteps } from '../../src/model/munge-rotation.ts';
import { boardNames } from '../../src/model/board.ts';
import type { Boot } from '../../src/model/boot.ts';
import { bootPhases } from '../../src/model/boot-phase.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import type { BootLog, State } from '../../src/model/state.ts';
import { drainPolicies, operationSteps } from '../../src/model/operation.ts';
import { rolloutResults, rolloutStates, type Rollout } from '../../src/model/rollout.ts';

const byte = fc.nat(255);
const mac = fc.nat(0xff_ff).map((low) => parseMac(`02:00:00:00:${hex(low >> 8)}:${hex(low & 0xff)}`));
const address = byte.map((last) => parseIpv4(`10.42.0.${last}`));
const hex = (value: number) => value.toString(16).padStart(2, '0');
/** Few, so that the same one comes up again; JavaScript sorts keys that are numbers. */
const name = fc.nat(12).map((number) => (number % 2 === 0 ? `node${number}` : String(100 - number)));
const text = fc.string({ unit: 'grapheme' });

const node: fc.Arbitrary<NodeSpec> = fc.record({
  name,
  mac,
  board: fc.constantFrom(...boardNames),
  address,
  role: fc.constantFrom('compute', 'login'),
  vars: fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(text, fc.integer())),
});

const eepromReport = fc.record({
  builtAtSeconds: fc.nat(),
  config: text,
  boot: fc.constant('boot-1'),
  atMs: fc.nat(),
});

const operation = fc.record(
  {
    id: name,
    kind: fc.constant('role-change' as const),
    by: text,
    role: name,
    drain: fc.constantFrom(...drainPolicies),
    drainDeadlineMs: fc.nat(),
    maxUnavailable: fc.integer({ min: 1 }),
    startedAtMs: fc.nat(),
    state: fc.constantFrom('running' as const, 'done' as const),
    reason: text,
  },
  { requiredKeys: ['id', 'kind', 'by', 'role', 'drain', 'drainDeadlineMs', 'maxUnavailable', 'startedAtMs', 'state'] },
);

const operationNode = fc.record({
  operation: name,
  node: fc.constantFrom('node01', 'node02'),
  from: name,
  steps: fc.array(fc.record({ step: fc.constantFrom(...operationSteps), startedAtMs: fc.nat(), detail: text }), {
    maxLength: 4,
  }),
});

const rollout: fc.Arbitrary<Rollout> = fc.record({
  id: name,
  by: text,
  startedAtMs: fc.nat(),
  target: fc.constantFrom<Rollout['target']>(
    { kind: 'overlay', role: 'compute' },
    { kind: 'image', role: 'compute', image: 'debian-lite@20261121.2' },
  ),
  canary: fc.integer({ min: 1 }),
  waves: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
  gates: fc.record({
    slurm: fc.boolean(),
    checks: fc.array(fc.record({ name, argv: fc.constant(['/bin/check']), deadlineMs: fc.integer({ min: 1 }) }), {
      maxLength: 2,
    }),
    soakMs: fc.nat(),
    deadlineMs: fc.nat(),
  }),
  drain: fc.constantFrom(...drainPolicies),
  drainDeadlineMs: fc.nat(),
  maxUnavailable: fc.integer({ min: 1 }),
  maxFailed: fc.nat(),
  state: fc.constantFrom(...rolloutStates),
  wave: fc.nat(5),
  operation: name,
  nodes: fc.array(
    fc.record(
      { node: fc.constantFrom('node01', 'node02'), wave: fc.nat(3), result: fc.constantFrom(...rolloutResults) },
      { requiredKeys: ['node', 'wave'] },
    ),
    { maxLength: 3 },
  ),
  leftOut: fc.array(fc.record({ node: fc.constant('node03'), reason: text }), { maxLength: 1 }),
});

const mungeRotation = fc.record({
  id: name,
  kind: fc.constant('munge-rotation' as const),
  by: text,
  secret: text,
  partitions: fc.array(text, { maxLength: 2 }),
  startedAtMs: fc.nat(),
  state: fc.constantFrom('running' as const, 'stopping' as const, 'done' as const),
  steps: fc.array(fc.record({ step: fc.constantFrom(...mungeSteps), startedAtMs: fc.nat() }), { maxLength: 2 }),
  nodes: fc.array(
    fc.record({ node: fc.constantFrom('node01', 'node02'), state: fc.constantFrom(...mungeNodeStates) }),
    {
      maxLength: 2,
    },
  ),
});

const imageBuild: fc.Arbitrary<ImageBuild> = fc.record(
  {
    id: name,
    kind: fc.constant('image-build' as const),
    by: text,
    image: fc.constant('debian-lite'),
    packages: fc.constantFrom(...buildPackages),
    squash: fc.boolean(),
    startedAtMs: fc.nat(),
    begunAtMs: fc.nat(),
    leader: fc.record({ pid: fc.nat(), startTime: text }),
    state: fc.constantFrom('running' as const, 'stopping' as const, 'done' as const),
    steps: fc.array(fc.record({ index: fc.nat(9), total: fc.constant(9), title: text, startedAtMs: fc.nat() }), {
      maxLength: 2,
    }),
    log: fc.array(text, { maxLength: 3 }),
  },
  {
    requiredKeys: ['id', 'kind', 'by', 'image', 'packages', 'squash', 'startedAtMs', 'state', 'steps', 'log'],
  },
);

export const states: fc.Arbitrary<State> = fc.record({
  nodes: fc.uniqueArray(node, { selector: (each) => each.name, maxLength: 10 }),
  learnedMacs: fc.dictionary(name, mac, { maxKeys: 5, noNullPrototype: true }),
  unknownBoards: fc.uniqueArray(fc.record({ mac, address, firstSeenMs: fc.nat(), lastSeenMs: fc.nat() }), {
    selector: (board) => board.mac,
    maxLength: 5,
  }),
  exportIds: fc.dictionary(fc.constantFrom('/srv/a', '/srv/b', '/srv/ü'), fc.integer({ min: 1, max: 65_535 }), {
    noNullPrototype: true,
  }),
  nextExportId: fc.integer({ min: 1, max: 65_535 }),
  eeproms: fc.dictionary(name, fc.record({ report: eepromReport }, { requiredKeys: [] }), {
    maxKeys: 5,
    noNullPrototype: true,
  }),
  imageChoices: fc.dictionary(name, fc.record({ image: name, version: fc.constant('20261121.1') }), {
    maxKeys: 5,
    noNullPrototype: true,
  }),
  imagePins: fc.dictionary(name, fc.record({ by: text }), { maxKeys: 5, noNullPrototype: true }),
  operations: fc.dictionary(name, operation, { maxKeys: 3, noNullPrototype: true }),
  operationNodes: fc.dictionary(name, operationNode, { maxKeys: 5, noNullPrototype: true }),
  quarantine: fc.dictionary(
    name,
    fc.record(
      { node: name, role: name, operation: name, atMs: fc.nat(), cause: text },
      { requiredKeys: ['node', 'role', 'atMs', 'cause'] },
    ),
    { maxKeys: 3, noNullPrototype: true },
  ),
  rollouts: fc.dictionary(name, rollout, { maxKeys: 3, noNullPrototype: true }),
  mungeRotations: fc.dictionary(name, mungeRotation, { maxKeys: 3, noNullPrototype: true }),
  imageBuilds: fc.dictionary(name, imageBuild, { maxKeys: 3, noNullPrototype: true }),
  generationPins: fc.dictionary(
    name,
    fc.record(
      {
        generation: text,
        image: fc.constant('debian-lite@1'),
        role: fc.constant('compute'),
        by: text,
        fellFrom: fc.record({ generation: text, cause: text }),
      },
      { requiredKeys: ['generation', 'image', 'role', 'by'] },
    ),
    { maxKeys: 3, noNullPrototype: true },
  ),
  watchedSince: fc.dictionary(name, fc.record({ sinceMs: fc.nat() }), { maxKeys: 1, noNullPrototype: true }),
  operationHolds: fc.dictionary(name, fc.record({ by: name, sinceMs: fc.nat() }), {
    maxKeys: 1,
    noNullPrototype: true,
  }),
  powerJournal: fc.dictionary(
    name,
    fc.record({
      node: fc.constant('node01'),
      switch: fc.constant('sw1'),
      port: fc.integer({ min: 1, max: 52 }),
      action: fc.constantFrom('on', 'cycle'),
      askedMs: fc.nat(),
      by: text,
    }),
    { maxKeys: 5, noNullPrototype: true },
  ),
});

const boot: fc.Arbitrary<Boot> = fc.record({
  id: fc.nat(20).map((number) => `boot-${number}`),
  node: name,
  mac,
  address,
  generation: fc.constant('ab'.repeat(32)),
  startedAtMs: fc.nat(),
  tokenExpiresAtMs: fc.nat(),
  lastSeenMs: fc.nat(),
  files: fc.nat(),
  bytes: fc.nat(),
  phases: fc.array(fc.record({ phase: fc.constantFrom(...bootPhases), atMs: fc.nat(), detail: text })),
});

export const bootLogs: fc.Arbitrary<BootLog> = fc.record({
  boots: fc.uniqueArray(boot, { selector: (each) => each.id, maxLength: 8 }),
});
