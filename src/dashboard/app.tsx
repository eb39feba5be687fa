/** The page: who is looking, which view is shown, and what lies above it. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';

import { serviceOf, type AskError, type Service } from './ask.ts';
import { BoardsView } from './boards-view.tsx';
import { EventsView } from './events-view.tsx';
import { Header } from './header.tsx';
import { ImagesView } from './images-view.tsx';
import { forgetToken, keepToken, readToken } from './keep.ts';
import { Login } from './login.tsx';
import { NodePanel } from './node-panel.tsx';
import { OperationsView } from './operations-view.tsx';
import { readPlace, renderPlace, type Place } from './place.ts';
import { RackView } from './rack-view.tsx';
import { RoleDialog } from './role-dialog.tsx';
import { RolloutsView } from './rollouts-view.tsx';
import { useCluster, type Shown } from './use-cluster.ts';
import type { VersionTarget } from './version-change.ts';
import { VersionDialog } from './version-dialog.tsx';

export function App(): JSX.Element {
  const [service, setService] = useState<Service | undefined>(() => {
    const token = readToken();
    return token === undefined ? undefined : serviceOf(token);
  });
  const [error, setError] = useState<AskError | undefined>();
  const leave = useCallback((why?: AskError) => {
    forgetToken();
    setError(why);
    setService(undefined);
  }, []);
  if (service === undefined) {
    const enter = (token: string, opened: Service) => {
      keepToken(token);
      setError(undefined);
      setService(opened);
    };
    return <Login error={error} enter={enter} />;
  }
  return <Inside service={service} leave={leave} />;
}

function usePlace(): readonly [Place, (place: Place) => void] {
  const [place, setPlace] = useState(() => readPlace(location.hash));
  useEffect(() => {
    const follow = () => setPlace(readPlace(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const go = useCallback((next: Place) => {
    location.hash = renderPlace(next);
  }, []);
  return [place, go];
}

interface InsideProps {
  readonly service: Service;
  readonly leave: (why?: AskError) => void;
}

function Inside({ service, leave }: InsideProps): JSX.Element {
  const shown = useCluster(service, leave);
  const [place, go] = usePlace();
  const [roleOf, setRoleOf] = useState<readonly string[] | undefined>();
  const [versionOf, setVersionOf] = useState<VersionTarget | undefined>();
  const { cluster } = shown;
  const first = cluster.nodes.get(roleOf?.[0] ?? '');
  return (
    <>
      <Header shown={shown} view={place.view} leave={() => leave()} />
      <main id="main" aria-busy={!cluster.isKnown}>
        <h1 class="hidden">{place.view}</h1>
        <CurrentView {...{ service, shown, place, go }} changeRole={setRoleOf} changeVersion={setVersionOf} />
      </main>
      <p class="hidden" aria-live="polite">
        {shown.said}
      </p>
      {place.node !== undefined && cluster.isKnown && (
        <NodePanel
          key={place.node}
          service={service}
          name={place.node}
          tile={cluster.nodes.get(place.node)}
          close={() => go({ view: place.view })}
          changeRole={() => setRoleOf([place.node ?? ''])}
          changeVersion={(image) => setVersionOf({ kind: 'node', name: place.node ?? '', image })}
        />
      )}
      {roleOf !== undefined && (
        <RoleDialog
          service={service}
          roles={cluster.roles}
          nodes={roleOf}
          current={roleOf.every((name) => cluster.nodes.get(name)?.role === first?.role) ? first?.role : undefined}
          close={() => setRoleOf(undefined)}
          done={(operation) => {
            setRoleOf(undefined);
            if (operation !== undefined) go({ view: 'operations', operation });
          }}
        />
      )}
      {versionOf !== undefined && (
        <VersionDialog
          service={service}
          target={versionOf}
          images={cluster.images}
          close={() => setVersionOf(undefined)}
        />
      )}
    </>
  );
}

interface CurrentProps {
  readonly service: Service;
  readonly shown: Shown;
  readonly place: Place;
  readonly go: (place: Place) => void;
  readonly changeRole: (nodes: readonly string[]) => void;
  readonly changeVersion: (target: VersionTarget) => void;
}

function CurrentView({ service, shown, place, go, changeRole, changeVersion }: CurrentProps): JSX.Element {
  const { cluster, operations, rollouts = [] } = shown;
  const open = (node: string) => go({ view: place.view, node });
  switch (place.view) {
    case 'rack':
      return <RackView cluster={cluster} open={open} changeRole={changeRole} />;
    case 'boards':
      return <BoardsView service={service} cluster={cluster} open={open} />;
    case 'operations':
      return (
        <OperationsView
          service={service}
          operations={operations}
          shown={place.operation}
          show={(operation) => go({ view: 'operations', ...(operation !== undefined && { operation }) })}
        />
      );
    case 'rollouts':
      return <RolloutsView service={service} cluster={cluster} rollouts={rollouts} open={open} />;
    case 'images':
      return <ImagesView service={service} cluster={cluster} changeVersion={changeVersion} />;
    case 'events':
      return <EventsView events={cluster.events} open={open} />;
    default:
      return place.view satisfies never;
  }
}
