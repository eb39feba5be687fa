/** Writes the dashboard beside what was compiled: a step of "npm run build". */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleDashboard, scriptBytes, scriptLimitBytes } from './bundle-dashboard.ts';

const packageDir = fileURLToPath(new URL('../../', import.meta.url));
const folder = path.join(packageDir, 'dist/dashboard');

const bytes = scriptBytes(await bundleDashboard(packageDir, folder));
if (bytes > scriptLimitBytes) throw new Error(`the dashboard has ${bytes} bytes of script, of ${scriptLimitBytes}`);
