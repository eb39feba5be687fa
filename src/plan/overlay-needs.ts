/** Does a node have the variables and secrets that its overlays need? If not: which, for whom, and where to set them. */
import { builtInSecrets, type Cluster } from '../model/cluster.ts';
import { ConfigError } from '../model/errors.ts';
import type { Variables } from '../model/names.ts';
import { didYouMean } from '../model/nearest.ts';
import type { NodeSpec } from '../model/node.ts';
import { secretsOf, type OverlaySource } from '../model/overlay-source.ts';
import type { SecretValues } from '../model/secret-values.ts';

export function checkVars(node: NodeSpec, overlays: readonly OverlaySource[], vars: Variables): void {
  for (const { name: overlay, spec } of overlays) {
    const missing = spec.needs.vars.find((variable) => !Object.hasOwn(vars, variable));
    if (missing === undefined) continue;
    throw new ConfigError(
      `the overlay ${overlay} needs the variable ${missing}, which ${node.name} (role ${node.role}) does not have` +
        didYouMean(missing, Object.keys(vars)),
      {
        hint: `Set it under vars: of ${node.name}, of the role ${node.role}, or of the whole cluster in cluster.yaml.`,
      },
    );
  }
}

export function checkSecrets(
  node: NodeSpec,
  overlays: readonly OverlaySource[],
  have: { readonly cluster: Cluster; readonly secrets: SecretValues },
): void {
  const known: readonly string[] = [...Object.keys(have.cluster.secrets), ...builtInSecrets];
  for (const { name: overlay, spec } of overlays) {
    const missing = secretsOf(spec).find((secret) => !Object.hasOwn(have.secrets, secret));
    if (missing === undefined) continue;
    throw new ConfigError(
      `the overlay ${overlay} needs the secret ${missing}, which ${node.name} (role ${node.role}) does not have` +
        (known.includes(missing) ? '' : didYouMean(missing, known)),
      {
        hint: `Write "secrets: { ${missing}: { generateBytes: 32 } }" in cluster.yaml, or { file: … } for one you have.`,
      },
    );
  }
}
