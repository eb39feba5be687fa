/** Rules for boots whose kernel was heard of. */
import { after, all, brokenPart, isBroken, lookAtService, type DiagnosisRule } from './diagnosis-facts.ts';
import { isSlowPort, slowPortHint } from './slow-port.ts';

export const systemRules: readonly DiagnosisRule[] = [
  {
    id: 'http-down-at-boot',
    says: ['HTTP is not served: …'],
    isEarly: true,
    when: all(after('kernel', 'root'), isBroken('http')),
    cause: brokenPart('http', 'HTTP is not served'),
    hint: lookAtService,
  },
  {
    id: 'no-clock',
    says: ['it has an address, and got no time over HTTP'],
    when: after('kernel'),
    cause: () => 'it has an address, and got no time over HTTP',
    hint: () => 'Check the firewall of the storage node for TCP port 80, or what "ports: { http: … }" says.',
  },
  {
    id: 'nfs-down-at-boot',
    says: ['NFS is not served: …'],
    isEarly: true,
    when: all(after('network', 'overlay', 'userspace'), isBroken('nfs')),
    cause: brokenPart('nfs', 'NFS is not served'),
    hint: lookAtService,
  },
  {
    id: 'slow-port',
    says: ['its switch port let nothing through for … s after its kernel had started'],
    when: ({ end, exceeded, portDelayMs }) => end === 'late' && exceeded === 'deadline' && isSlowPort(portDelayMs),
    cause: ({ portDelayMs }) =>
      `its switch port let nothing through for ${Math.round(portDelayMs / 1000)} s after its kernel had started`,
    hint: slowPortHint,
  },
  {
    id: 'no-root',
    says: ['it has the network, and did not mount its root'],
    when: after('network'),
    cause: () => 'it has the network, and did not mount its root',
    hint: () => 'Check the firewall for TCP port 2049, and look at "pi-image nfs status".',
  },
  {
    id: 'no-overlay',
    says: ['its root is mounted, and its overlay was not applied'],
    when: after('root'),
    cause: () => 'its root is mounted, and its overlay was not applied',
    hint: ({ node }) => `Look for http.failed in the log; "pi-image node explain ${node}" shows what it should get.`,
  },
  {
    id: 'system-silent',
    says: ['its overlay is applied, and its system reported nothing'],
    when: after('overlay'),
    cause: () => 'its overlay is applied, and its system reported nothing',
    hint: () => 'Watch its serial console; systemd names the unit that hangs.',
  },
  {
    id: 'units-not-active',
    says: ['its system runs, and a unit of its role is not active yet'],
    when: after('userspace'),
    cause: () => 'its system runs, and a unit of its role is not active yet',
    hint: ({ node }) => `Run "systemctl list-jobs" on ${node}, or give the role a longer deadline.`,
  },
  {
    id: 'waits',
    says: ['it waited for …'],
    when: after('waiting'),
    cause: ({ detail }) => `it waited for ${detail ?? 'something'}`,
    hint: () => 'Bring up what it waits for; if the board is off too, check its power.',
  },
];
