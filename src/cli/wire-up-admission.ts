/** Who may begin to load: DHCP asks, TFTP tells what it is busy with. Both run in the one thread. */
import { Admission } from '../plan/admission.ts';
import { bootKind } from '../plan/boot-bytes.ts';
import type { DhcpDeps } from '../serve/dhcp-deps.ts';
import type { PlaneThread } from '../serve/plane/thread.ts';
import type { TransferWatch } from '../serve/tftp-deps.ts';

export interface PlaneAdmission {
  readonly admit: DhcpDeps['admit'];
  readonly watch: TransferWatch;
  /** undefined while nobody loads. */
  readonly about: () => string | undefined;
}

const now = () => performance.now();

export function planeAdmission({ site }: Pick<PlaneThread, 'site'>): PlaneAdmission {
  const admission = new Admission();
  return {
    admit: (node, mac) => {
      const { board, address } = node;
      return admission.decide({ mac, board, address, bytes: site.current().bootBytes.get(bootKind(node)) }, now());
    },
    watch: {
      began: (address) => admission.began(address, now()),
      ended: (address, confirmedBytes) => admission.ended(address, confirmedBytes, now()),
      measured: (load) => admission.measured(load),
    },
    about: () => {
      const { loading, waiting } = admission.state(now());
      if (loading === 0 && waiting === 0) return undefined;
      return `${loading} loading${waiting === 0 ? '' : `, ${waiting} wait for their turn`}`;
    },
  };
}
