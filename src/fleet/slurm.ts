/** Slurm by its own tools, on the node that has the controller: their version is the daemons'. */
import type { Ipv4Address } from '../model/ipv4.ts';
import { HostError } from '../model/errors.ts';
import { setDownCommand, takeBackCommand } from '../plan/slurm-batch.ts';
import { parseSlurmNodes, unlessAdministrators, type SlurmNodeState } from '../plan/slurm-state.ts';

export interface SlurmController {
  /** undefined: the cluster has no Slurm. */
  readonly address: () => Ipv4Address | undefined;
  /** Runs a command there as root. @throws HostError */
  readonly run: (address: Ipv4Address, command: string, signal: AbortSignal) => Promise<string>;
}

/** Names of nodes are host names (RFC 1123), so nothing in these commands has to be quoted but what is quoted here. */
export interface ClusterSlurm {
  readonly isThere: () => boolean;
  /** @throws HostError where the controller does not answer */
  readonly nodes: (signal: AbortSignal) => Promise<ReadonlyMap<string, SlurmNodeState>>;
  /** @param reason a few words without a quote */
  readonly drain: (node: string, reason: string, signal: AbortSignal) => Promise<void>;
  readonly resume: (node: string, signal: AbortSignal) => Promise<void>;
  readonly requeueJobs: (node: string, signal: AbortSignal) => Promise<void>;
  readonly cancelJobs: (node: string, signal: AbortSignal) => Promise<void>;
  /** Without power. Its jobs go back into the queue. */
  readonly setDown: (nodes: readonly string[], signal: AbortSignal) => Promise<void>;
  /** What `setDown` did is undone. */
  readonly takeBack: (nodes: readonly string[], signal: AbortSignal) => Promise<void>;
}

export function clusterSlurm({ address, run }: SlurmController): ClusterSlurm {
  const tell = async (command: string, signal: AbortSignal) => {
    const controller = address();
    if (controller === undefined) throw new HostError('the cluster has no Slurm controller');
    return run(controller, command, signal);
  };
  const order = async (command: string, signal: AbortSignal) => void (await tell(command, signal));
  return {
    isThere: () => address() !== undefined,
    nodes: async (signal) => {
      const nodes = parseSlurmNodes(await tell('scontrol --oneliner show nodes', signal));
      // Who has a node's jobs is not known from an answer that is none.
      if (nodes.size === 0) throw new HostError('Slurm names no node');
      return nodes;
    },
    drain: (node, reason, signal) =>
      order(unlessAdministrators(node, `scontrol update nodename=${node} state=drain reason='${reason}'`), signal),
    resume: (node, signal) =>
      order(unlessAdministrators(node, `scontrol update nodename=${node} state=resume`), signal),
    // xargs -r: a job may have ended since, and then there is nothing to requeue.
    requeueJobs: (node, signal) =>
      order(
        `squeue --noheader --states=running,suspended --nodelist=${node} --format=%A | sort -u | xargs -r scontrol requeue`,
        signal,
      ),
    cancelJobs: (node, signal) => order(`scancel --nodelist=${node}`, signal),
    setDown: (nodes, signal) => order(setDownCommand(nodes), signal),
    takeBack: (nodes, signal) => order(takeBackCommand(nodes), signal),
  };
}
