/** Who may begin to load: DHCP asks, TFTP tells what it is busy with. Both run in the one thread. */
import { bootKind } from '../plan/boot-bytes.ts';
import type { DhcpDeps } from '../serve/dhcp-deps.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import { bootAdmission } from '../serve/tftp-admission.ts';
import type { TransferWatch } from '../serve/tftp-deps.ts';

export interface PlaneAdmission {
  readonly admit: DhcpDeps['admit'];
  readonly watch: TransferWatch;
  /** undefined while nobody loads. */
  readonly about: () => string | undefined;
}

export function planeAdmission({ site, log }: Pick<PlaneThread, 'site' | 'log'>): PlaneAdmission {
  const { admit, watch, state } = bootAdmission(log);
  return {
    admit: (node, mac) => {
      const { board, address } = node;
      return admit({ mac, board, address, bytes: site.current().bootBytes.get(bootKind(node)) });
    },
    watch,
    about: () => {
      const { loading, waiting } = state();
      if (loading === 0 && waiting === 0) return undefined;
      return `${loading} loading${waiting === 0 ? '' : `, ${waiting} wait for their turn`}`;
    },
  };
}
