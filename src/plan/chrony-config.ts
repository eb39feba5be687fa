/** chrony.conf of the storage node: gives its own clock to the boot network, also when it knows no better one. */
import { networkAddress, type Ipv4Interface } from '../model/ipv4.ts';

export interface ChronySettings {
  readonly address: Ipv4Interface;
  readonly pidFile: string;
}

/** No sources: whoever keeps this machine's clock goes on doing so. No command port and no command socket. */
export function renderChronyConfig({ address, pidFile }: ChronySettings): string {
  return `# Written by pi-image; changes are overwritten.
local stratum 10
allow ${networkAddress(address)}/${address.prefixLength}
bindaddress ${address.address}
cmdport 0
bindcmdaddress /
pidfile ${pidFile}
`;
}
