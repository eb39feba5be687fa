/** Where the page begins. */
import { render } from 'preact';

import { App } from './app.tsx';
import { readTheme, showTheme } from './keep.ts';

showTheme(readTheme());
const root = document.querySelector('#app');
if (root !== null) render(<App />, root);
