/** All that reads what others sent. A new decoder gets its line in one of these lists. */
import type { FuzzTarget } from './target.ts';
import { dhcpTargets } from './targets-dhcp.ts';
import { fileTargets } from './targets-files.ts';
import { frameTargets } from './targets-frames.ts';
import { textTargets } from './targets-text.ts';
import { tftpTargets } from './targets-tftp.ts';

export const targets: readonly FuzzTarget[] = [
  ...dhcpTargets,
  ...tftpTargets,
  ...frameTargets,
  ...fileTargets,
  ...textTargets,
];
