/** The way in: a token, kept for as long as the tab is open. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { AskError, Service } from './ask.ts';
import { serviceOf } from './ask.ts';
import { ErrorNote } from './pieces.tsx';
import { useDoing } from './use-asked.ts';

export interface LoginProps {
  /** Why one has to log in again. */
  readonly error: AskError | undefined;
  readonly enter: (token: string, service: Service) => void;
}

export function Login({ error, enter }: LoginProps): JSX.Element {
  const [token, setToken] = useState('');
  const doing = useDoing();
  const open = () =>
    doing.run(async () => {
      const service = serviceOf(token.trim());
      // Whoever may read may look.
      await service.ask('/roles');
      enter(token.trim(), service);
    });
  return (
    <main class="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          open();
        }}
      >
        <h1>
          <span class="mark" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          pi-image
        </h1>
        <label class="field">
          <span>Token</span>
          <input
            type="password"
            required
            autocomplete="off"
            spellcheck={false}
            value={token}
            aria-describedby="token-help"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p id="token-help" class="quiet">
          On the storage node, <code>pi-image token create dashboard --scope operate</code> makes one. To look only,{' '}
          <code>read</code> is enough; to adopt boards it takes <code>admin</code>.
        </p>
        <ErrorNote error={doing.error ?? error} />
        <button type="submit" class="main" disabled={doing.isBusy}>
          Open
        </button>
      </form>
    </main>
  );
}
