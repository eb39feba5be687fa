/** Composition root of the boot plane's thread: DHCP and TFTP, which no API, event or fsync of the service can stall. */
import { parentPort, workerData } from 'node:worker_threads';

import { openDatagrams } from '../host/datagram/open.ts';
import { newDhcpCounters } from '../serve/dhcp-counters.ts';
import { tellCounters } from '../serve/plane/tell-counters.ts';
import { joinPlane } from '../serve/plane/thread.ts';
import { newTftpCounters } from '../serve/tftp-counters.ts';
import { planeAdmission } from './wire-up-admission.ts';
import { dhcpPart } from './wire-up-dhcp.ts';
import type { PlaneData } from './wire-up-plane.ts';
import { tftpPart } from './wire-up-tftp.ts';

if (parentPort === null) throw new Error('this runs in a thread of pi-image serve');

const { counts, options } = workerData as PlaneData;
joinPlane(parentPort, counts, (plane) => {
  const datagrams = openDatagrams(options.datagrams);
  plane.log.info('plane.started', { datagrams: datagrams.kind });
  const admission = planeAdmission(plane);
  const counters = { dhcp: newDhcpCounters(), tftp: newTftpCounters() };
  tellCounters(plane, counters);
  return {
    dhcp: dhcpPart(plane, options, { admit: admission.admit, datagrams, counters: counters.dhcp }),
    tftp: tftpPart(plane, { datagrams, admission, counters: counters.tftp }),
  };
});
