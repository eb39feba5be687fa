/** The list of a node's live files: by it the node's agent knows what it has, and which of it is gone from the next one. */
import type { NodeFile } from '../model/node-file.ts';

/** Read and written by usr/local/lib/pi-image/agent-live.sh of overlays/base. */
const liveListPath = 'etc/pi-image/live';

/** First the digest of all of them, then a path on each line. */
export function liveList(digest: string, files: readonly NodeFile[]): NodeFile {
  const paths = files.flatMap((file) => (file.kind === 'file' || file.kind === 'link' ? [file.path] : []));
  const bytes = Buffer.from([digest, ...paths.toSorted()].map((line) => `${line}\n`).join(''));
  return { kind: 'file', path: liveListPath, mode: 0o600, uid: 0, gid: 0, bytes };
}
