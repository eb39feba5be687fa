/** Where root's processes have their socket and pid file: beside the folder of the service, which may be another user's. */
import path from 'node:path';

import type { Paths } from './context.ts';

/** `/run/pi-image-root`. A pid file that root writes where others may make links could become any file. */
export const rootRuntime = ({ runtime }: Pick<Paths, 'runtime'>): string => `${runtime}-root`;

export const helperSocket = (paths: Pick<Paths, 'runtime'>): string => path.join(rootRuntime(paths), 'helper.sock');
