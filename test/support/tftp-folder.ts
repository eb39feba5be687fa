/** Serves a folder over TFTP until it is ended: `tftp-folder.ts FOLDER PORT [plain|addon] [FLOOR_MS]`, for load generators. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

import { openDatagrams } from '../../src/host/datagram/open.ts';
import { logTo } from '../../src/host/log.ts';
import { parseIpv4 } from '../../src/model/ipv4.ts';
import { serveTftp, type TftpContent } from '../../src/serve/tftp.ts';

const [folder = '', port = '6969', kind, floor] = process.argv.slice(2);
const address = parseIpv4('127.0.0.1');

/** Known beforehand, as an image's manifest is. */
const files = new Map<string, TftpContent>();
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = path.join(entry.parentPath, entry.name);
  files.set(path.relative(folder, file), { kind: 'file', path: file, sizeBytes: statSync(file).size });
}
const missing: TftpContent = { kind: 'missing', reason: 'no such file' };

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await serveTftp(
  {
    address,
    port: Number(port),
    datagrams: openDatagrams(kind === 'plain' || kind === 'addon' ? kind : undefined),
    find: (name) => Promise.resolve(files.get(name) ?? missing),
    ...(floor !== undefined && { floorMs: () => Number(floor) }),
    served: () => undefined,
    log: logTo(process.stdout),
    // All boards of a load generator come from one address.
    limits: { transfersPerClient: 2048 },
  },
  stop.signal,
);
