/** What renders in the place of secrets and unbuilt images, where people only look at what nodes would get. */
import type { ImageManifest } from '../model/manifest.ts';
import type { NodeSpec } from '../model/node.ts';
import type { SecretValues } from '../model/secret-values.ts';
import type { ClusterView } from '../model/view.ts';
import { neededSecrets } from './overlay.ts';

/** Nothing is read and nothing is made: real secrets come into being when the service needs them. */
export function standInSecrets(node: NodeSpec, view: ClusterView): SecretValues {
  const names = [...neededSecrets(node, view), 'sshCaPublicKey'];
  return Object.fromEntries(names.map((name) => [name, Buffer.from(`(the secret ${name})`)]));
}

/** An image that has every user that the overlays name, and no links. */
export function standInManifest(name: string, view: ClusterView): ImageManifest {
  const owners = [...view.overlays.values()].flatMap(({ spec }) =>
    Object.values(spec.files).flatMap(({ owner }) => owner.split(':')),
  );
  const ids = Object.fromEntries([...new Set(['root', ...owners])].map((owner) => [owner, owner === 'root' ? 0 : 1]));
  return {
    format: 1,
    name,
    version: 'unbuilt',
    builtAt: '',
    boards: [],
    key: '0'.repeat(64),
    bootFiles: {},
    kernels: [],
    packages: [],
    users: ids,
    groups: ids,
    folderLinks: {},
    rootBytes: 0,
    rootFiles: 0,
  };
}
