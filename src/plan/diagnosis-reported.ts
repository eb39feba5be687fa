/** Rules for boots that failed by their node's own words, or whose words nobody takes. */
import { itsWords, said, type DiagnosisRule } from './diagnosis-facts.ts';

/** Its overlay would end the token, so that later refusals say nothing of the boot. */
const isRefused: DiagnosisRule['when'] = ({ end, phase, tokenRefused }) =>
  end !== 'failed' && tokenRefused !== undefined && beforeOverlay.has(phase);

const beforeOverlay: ReadonlySet<string> = new Set(['offered', 'loading', 'kernel', 'network', 'root']);

/** Id of the rule for a system that was started, and one of whose units did not come up. */
export const unitFailed = 'unit-failed';

export const reportedRules: readonly DiagnosisRule[] = [
  {
    id: 'token-refused',
    says: ['… refuses the token of this boot when asked for …', 'its token was refused: …'],
    isEarly: true,
    when: (facts) => said(/refuses the token of this boot/)(facts) || isRefused(facts),
    cause: (facts) => (facts.end === 'failed' ? itsWords(facts) : `its token was refused: ${facts.tokenRefused ?? ''}`),
    hint: () => 'Cut its power once. When that happens again, another machine uses its address.',
  },
  {
    id: 'nfs-not-exported',
    says: ['cannot mount … over NFS: the storage node does not export it to …'],
    when: said(/over NFS: the storage node does not export it to/),
    cause: itsWords,
    hint: ({ node }) => `Compare that address with "address:" of ${node}, and look for nfs in the log.`,
  },
  {
    id: 'nfs-unreachable',
    says: ['cannot mount … over NFS: the storage node does not answer'],
    when: said(/over NFS: the storage node does not answer/),
    cause: itsWords,
    hint: () => 'Check the firewall of the storage node for TCP port 2049, then cable and switch port.',
  },
  {
    id: 'nfs-down',
    says: ['cannot mount … over NFS: nothing answers on port …'],
    when: said(/over NFS:/),
    cause: itsWords,
    hint: () => 'Look at "pi-image nfs status" and at the part nfs of "pi-image status".',
  },
  {
    id: 'http-down',
    says: ['cannot get … from …'],
    when: said(/^cannot get /),
    cause: itsWords,
    hint: () => 'Look at the part http of "pi-image status"; a request that failed is in the log.',
  },
  {
    id: 'overlay-damaged',
    says: ["this node's overlay arrived damaged three times", "this node's root arrived damaged three times"],
    when: said(/arrived damaged/),
    cause: itsWords,
    hint: () => 'Look for errors of the cable or the switch port.',
  },
  {
    id: 'no-memory',
    says: ["cannot unpack this node's overlay: …", 'cannot lay a tmpfs over the image'],
    when: said(/^cannot unpack|^cannot lay a tmpfs/),
    cause: itsWords,
    hint: () => 'Overlay and changes lie in memory: take something out of the overlay, or use a board with more.',
  },
  {
    id: 'root-too-large',
    says: ["a root of … MiB does not fit into this board's … MiB of memory"],
    when: said(/^a root of \d+ MiB does not fit/),
    cause: itsWords,
    hint: () => 'Give its role another root mode in cluster.yaml: "root: squash" takes none of its memory.',
  },
  {
    id: 'squashfs-broken',
    says: ["cannot mount the image's squashfs: …"],
    when: said(/^cannot mount the image's squashfs/),
    cause: itsWords,
    hint: () => '"pi-image image verify" tells whether the image is whole; else build it again.',
  },
  {
    id: 'tree-not-written',
    says: ["cannot put this node's overlay into its tree: …"],
    when: said(/^cannot put this node's overlay into its tree/),
    cause: itsWords,
    hint: () => 'Look at the free space of the file system on the storage node that holds trees of nodes.',
  },
  {
    id: 'wrong-clock',
    says: ['… gave … for the time'],
    when: said(/ for the time$/),
    cause: itsWords,
    hint: () => 'Another HTTP server has that port: end it, or set "ports: { http: … }" in cluster.yaml.',
  },
  {
    id: 'old-initramfs',
    says: ["this node's overlay lists no removals: …", 'this initramfs knows no root mode …'],
    when: said(/lists no removals|knows no root mode/),
    cause: itsWords,
    hint: () => 'Build the image again: its initramfs is not of the version of this pi-image.',
  },
  {
    id: 'no-init',
    says: ['the image has no /sbin/init'],
    when: said(/has no \/sbin\/init/),
    cause: itsWords,
    hint: () => 'Add the package systemd-sysv to the image, and build it again.',
  },
  {
    id: unitFailed,
    says: ['….service: …'],
    when: ({ end, phase }) => end === 'failed' && ['overlay', 'userspace', 'waiting'].includes(phase),
    cause: itsWords,
    hint: ({ node }) => `Run "systemctl --failed" and "journalctl -b" on ${node}.`,
  },
  {
    id: 'said-otherwise',
    says: ['anything else that the node says of itself'],
    when: ({ end }) => end === 'failed',
    cause: itsWords,
    hint: () => 'Read the lines that begin with "pi-image:" on its serial console.',
  },
];
