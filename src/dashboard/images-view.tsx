/** Images and their versions: who boots which, and which stay. */
import type { JSX } from 'preact';

import type { Role } from '../api/schemas/role.ts';
import type { Image } from '../api/schemas/service.ts';
import type { PinChange } from '../api/schemas/image.ts';
import { renderBytes } from '../model/bytes.ts';
import type { Service } from './ask.ts';
import type { Cluster } from './cluster.ts';
import { Badge, Empty, ErrorNote, Moment } from './pieces.tsx';
import { useDoing } from './use-asked.ts';
import type { VersionTarget } from './version-change.ts';
import { count, shortList, splitImage } from './words.ts';

export interface ImagesProps {
  readonly service: Service;
  readonly cluster: Cluster;
  readonly changeVersion: (target: VersionTarget) => void;
}

export function ImagesView({ service, cluster, changeVersion }: ImagesProps): JSX.Element {
  const names = [...new Set(cluster.images.map(({ name }) => name))];
  if (cluster.isKnown && names.length === 0) {
    return (
      <Empty title="No image was built yet.">
        <p>
          <code>pi-image build debian-lite</code> makes one.
        </p>
      </Empty>
    );
  }
  return (
    <>
      {names.map((name) => (
        <section key={name} class="image" aria-labelledby={`image-${name}`}>
          <h2 id={`image-${name}`}>{name}</h2>
          <Roles
            roles={cluster.roles.filter(({ image }) => splitImage(image).name === name)}
            changeVersion={changeVersion}
          />
          <Versions service={service} versions={cluster.images.filter((image) => image.name === name)} />
        </section>
      ))}
    </>
  );
}

function Roles({
  roles,
  changeVersion,
}: {
  readonly roles: readonly Role[];
  readonly changeVersion: ImagesProps['changeVersion'];
}): JSX.Element {
  return (
    <div class="role-row">
      {roles.length === 0 && <span class="quiet">No role boots it.</span>}
      {roles.map(({ name, image, nodes }) => (
        <button
          key={name}
          type="button"
          onClick={() => changeVersion({ kind: 'role', name, image: splitImage(image).name })}
          aria-label={`Version that role ${name} boots`}
        >
          <strong>{name}</strong> {count(nodes.length, 'node')} · version…
        </button>
      ))}
    </div>
  );
}

function Versions({
  service,
  versions,
}: {
  readonly service: Service;
  readonly versions: readonly Image[];
}): JSX.Element {
  const doing = useDoing();
  const pin = ({ name, version, isPinned }: Image) =>
    doing.run(async () => {
      const path = `/images/${encodeURIComponent(name)}/${encodeURIComponent(version)}/pin`;
      await service.ask<PinChange>(path, { method: 'PUT', body: { isPinned: !isPinned } });
    });
  return (
    <>
      <ErrorNote error={doing.error} />
      <div class="scroll" tabIndex={0} role="region" aria-label={`Versions of ${versions[0]?.name ?? ''}`}>
        <table class="versions">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Built</th>
              <th scope="col">Boards</th>
              <th scope="col">Size</th>
              <th scope="col">Used by</th>
              <th scope="col">Kept</th>
            </tr>
          </thead>
          <tbody>
            {versions.map((image, index) => (
              <tr key={image.version}>
                <th scope="row">
                  {image.version} {index === 0 && <Badge tone="good">newest</Badge>}
                </th>
                <td>
                  <Moment ms={Date.parse(image.builtAt)} />
                </td>
                <td>{image.boards.join(', ')}</td>
                <td>{renderBytes(image.rootBytes)}</td>
                <td>{image.usedBy.length === 0 ? 'nobody' : shortList(image.usedBy)}</td>
                <td>
                  <button
                    type="button"
                    aria-pressed={image.isPinned}
                    disabled={doing.isBusy}
                    aria-label={`Keep ${image.version}`}
                    onClick={() => pin(image)}
                  >
                    {image.isPinned ? 'Kept' : 'Keep'}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
