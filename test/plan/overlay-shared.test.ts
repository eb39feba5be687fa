/** Nodes share what they see alike. Each must get byte by byte what it would get if it were the only one that is rendered. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { packNodeFiles } from '../../src/host/tar.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import type { NodeFile } from '../../src/model/node-file.ts';
import type { NodeSpec } from '../../src/model/node.ts';
import { parseSerial } from '../../src/model/serial.ts';
import { planGeneration } from '../../src/plan/generation.ts';
import { overlayDigest, renderOverlays } from '../../src/plan/overlay.ts';
import type { ClusterView } from '../../src/model/view.ts';
import { sampleManifest, sampleNodes, sampleOverlay, sampleView } from '../support/sample-view.ts';
import { shippedView } from '../support/shipped-overlays.ts';

const shipped = await shippedView();

/** Of every scope, and frozen as well as live. */
const mixed = sampleOverlay(
  'slurm-compute',
  { units: { enable: ['slurmd'] }, files: { 'etc/live': { live: true }, 'etc/live-vars': { live: true } } },
  {
    'etc/cluster.hbs': '{{cluster.name}} {{network.server}}',
    'etc/role.hbs': '{{role.name}} {{#each shares}}{{name}} {{/each}}',
    'etc/vars.hbs': '{{json vars}}',
    'etc/all.hbs': '{{json this}}',
    'etc/node.hbs': '{{#with node}}{{name}} {{../role.name}}{{/with}}',
    'etc/live.hbs': '{{#each nodes}}{{name}} {{../role.name}} {{json vars}}\n{{/each}}',
    'etc/live-vars.hbs': '{{#if vars.a}}{{join nodes "," "name"}}{{else}}{{node.name}}{{/if}}',
  },
);

/** Nodes of two roles have it. */
const overlays = new Map([...shipped.overlays, ['slurm-compute', mixed], ['login', { ...mixed, name: 'login' }]]);

const vars = fc.record({ a: fc.constantFrom(0, 1, 2), cpus: fc.constantFrom(1, 4) });
const nodes = fc
  .array(fc.record({ role: fc.constantFrom('compute', 'login'), vars }), { minLength: 2, maxLength: 6 })
  .map((drawn) => {
    const [pattern, head] = sampleNodes() as [NodeSpec, NodeSpec];
    const many = drawn.map((each, index): NodeSpec => {
      const [serial, address] = [parseSerial(`1000000${index}`), parseIpv4(`10.42.0.10${index}`)];
      return Object.assign({}, pattern, each, { name: `n${index}`, serial, address });
    });
    return [head].concat(many);
  });

const secretsOf = ({ name }: NodeSpec, ca: string) => {
  const own = ['sshHostKey', 'sshHostCertificate', 'sshUserKey', 'sshUserCertificate', 'bootKey'];
  const texts = own.map((secret) => [secret, Buffer.from(`${secret} of ${name}`)] as const);
  return { ...Object.fromEntries(texts), mungeKey: Buffer.from('munge'), sshCaPublicKey: Buffer.from(ca) };
};

/** Everything that is remembered is remembered by objects: these are others. */
const alone = (view: ClusterView): ClusterView => structuredClone(view);

function render(node: NodeSpec, view: ClusterView, ca: string): NodeFile[] {
  const { frozen, live } = renderOverlays({ node, view, manifest: sampleManifest(), secrets: secretsOf(node, ca) });
  return [...frozen, ...live];
}

test('with overlays of every kind, whatever the nodes are', async () => {
  await fc.assert(
    fc.asyncProperty(nodes, fc.constantFrom('ca one', 'ca two'), async (drawn, ca) => {
      const view = sampleView({ overlays, nodes: drawn });
      for (const node of drawn) {
        const together = render(node, view, ca);
        const naive = render(structuredClone(node), alone(view), ca);
        expect(overlayDigest(together)).toBe(overlayDigest(naive));
        expect((await packNodeFiles(together)).sha256).toBe((await packNodeFiles(structuredClone(naive))).sha256);
        expect(planGeneration(node, view).id).toBe(planGeneration(structuredClone(node), alone(view)).id);
      }
    }),
    { numRuns: 6 },
  );
});

test('and after a node, an overlay or a secret has changed', () => {
  const [head, node] = sampleNodes() as [NodeSpec, NodeSpec];
  const before = sampleView({ overlays });
  render(node, before, 'ca one');
  const others = new Map([...overlays, ['login', sampleOverlay('login', {}, { 'etc/motd.hbs': '{{cluster.name}}' })]]);

  for (const view of [
    before,
    { ...before, overlays: others },
    { ...before, nodes: [head, { ...node, vars: { a: 1 } }] },
  ]) {
    const now = view.nodes.find(({ name }) => name === node.name) ?? node;
    for (const ca of ['ca one', 'ca two']) {
      expect(overlayDigest(render(now, view, ca))).toBe(overlayDigest(render(structuredClone(now), alone(view), ca)));
    }
  }
});
