/** Why can this user not build in a user namespace, and what helps? */
import type { NamespaceFacts } from '../model/user-namespace.ts';

interface NamespaceRefusal {
  /** The end of a sentence that begins with "because". */
  readonly why: string;
  readonly cure: string;
}

interface Rule {
  readonly fits: (facts: NamespaceFacts) => boolean;
  readonly refusal: (facts: NamespaceFacts) => NamespaceRefusal;
}

const came = (step: string) => (facts: NamespaceFacts) => facts.said.includes(step);

const setting = (name: string, value: number, why: string): NamespaceRefusal => ({
  why: `${why} (${name})`,
  cure: `Run "sudo sysctl -w ${name}=${value}", and write it to /etc/sysctl.d/.`,
});

/** The first that fits; the last always does. */
const rules: readonly Rule[] = [
  {
    fits: ({ hasMappers }) => !hasMappers,
    refusal: () => ({ why: 'newuidmap is not installed', cure: 'Run "sudo apt install uidmap".' }),
  },
  {
    fits: ({ hasRanges }) => !hasRanges,
    refusal: ({ user }) => ({
      why: `an image has files of many users, and ${user} has no 65536 numbers to stand for them in /etc/subuid and /etc/subgid`,
      cure: `Run "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}", with a range that nobody has.`,
    }),
  },
  {
    fits: (facts) => !came('mounted')(facts) && facts.limits.namespaces === 0,
    refusal: () => setting('user.max_user_namespaces', 10_000, 'this kernel is set to have none'),
  },
  {
    fits: (facts) => !came('mounted')(facts) && facts.limits.unprivileged === 0,
    refusal: () => setting('kernel.unprivileged_userns_clone', 1, 'this kernel is set to give them to root alone'),
  },
  {
    fits: (facts) => !came('mounted')(facts) && facts.limits.restricted === 1,
    refusal: () =>
      setting('kernel.apparmor_restrict_unprivileged_userns', 0, 'AppArmor takes their rights away on this machine'),
  },
  {
    fits: (facts) => came('entered')(facts) && !came('mounted')(facts),
    refusal: ({ said }) => ({
      why: `nothing can be mounted in one here: ${complaint(said)}`,
      cure: 'Inside of a container, start it with a /proc that is not masked (podman: --security-opt unmask=ALL), or build outside of it.',
    }),
  },
  {
    fits: (facts) => came('mounted')(facts) && !came('owned')(facts),
    refusal: ({ dir, said }) => ({
      why: `files in ${dir} cannot be given to other users: ${complaint(said)}`,
      cure: 'Choose a folder on a local disk with --state DIR.',
    }),
  },
  {
    fits: came('owned'),
    refusal: ({ dir, said }) => ({
      why: `layers cannot be mounted in ${dir}: ${complaint(said)}`,
      cure: 'It takes Linux 5.11 or newer, and a local file system with extended attributes: choose another one with --state DIR.',
    }),
  },
  {
    fits: () => true,
    refusal: ({ said }) => ({
      why: `none could be made: ${complaint(said)}`,
      cure: 'Look at "unshare --user --map-root-user --map-auto true".',
    }),
  },
];

const steps = new Set(['entered', 'mounted', 'owned']);

function complaint(said: readonly string[]): string {
  return (
    said.findLast((line) => line.trim() !== '' && !steps.has(line) && !line.includes('dmesg(1)')) ??
    'no reason was given'
  );
}

export function explainRefusal(facts: NamespaceFacts): NamespaceRefusal {
  const rule = rules.find(({ fits }) => fits(facts));
  return rule === undefined ? { why: complaint(facts.said), cure: '' } : rule.refusal(facts);
}
