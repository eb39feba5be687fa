/** The demo's second half: one HTTP call makes the worker a login node, another one makes it compute again. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeFileAtomically } from '../host/atomic-file.ts';
import type { Argv } from '../host/process.ts';
import { Cluster } from '../model/cluster.ts';
import { HostError } from '../model/errors.ts';
import type { NodeStatus } from '../model/node-status.ts';
import { boardFolder, type RackFolder } from '../rack/folder.ts';
import { apiSocket, requestOk } from './api-client.ts';
import { runInRack, runJob, waitUntilUnlisted, worker, type DemoVoice } from './demo-slurm.ts';

const deadlinesMs = { call: 30_000, role: 8 * 60_000 } as const;
const pollMs = 1000;

/** The first call must not hit a board that is on its way up: a reboot goes by ssh. */
export async function changeRoles(folder: RackFolder, voice: DemoVoice): Promise<void> {
  const header = await makeToken(folder);
  await changeRole(folder, { role: 'login', header }, voice);
  await waitUntilUnlisted(folder, voice);
  await changeRole(folder, { role: 'compute', header }, voice);
  await runJob(folder, voice);
}

/** curl reads the token from a file: it must not stand in a list of processes. */
async function makeToken(folder: RackFolder): Promise<string> {
  const answer = await requestOk(apiSocket(folder.runtime), 'POST', '/tokens', { name: 'demo', scope: 'operate' });
  if (answer.kind === 'no-service') throw new HostError('the service of the rack does not answer');
  const { token } = answer.body as { token: string };
  const file = path.join(folder.dir, 'demo.token');
  await writeFileAtomically(file, `Authorization: Bearer ${token}\n`, 0o600);
  return file;
}

async function changeRole(
  folder: RackFolder,
  { role, header }: { role: string; header: string },
  voice: DemoVoice,
): Promise<void> {
  const url = `http://127.0.0.1:${apiPort}/api/v1/nodes/${worker}/role`;
  const body = JSON.stringify({ role, reboot: true });
  const call: Argv = ['curl', '-sS', '--fail-with-body', '-X', 'PUT', '-H', `@${header}`, '--json', body, url];
  voice.tell(`  curl -X PUT -H @${header} --json '${body}' ${url}`);
  await runInRack(folder, call, { deadlineMs: deadlinesMs.call, signal: voice.signal });
  voice.tellStep(`${worker} is to be ${role}: written down, and told to reboot`);
  await waitForRole(folder, role, voice);
  voice.tellStep(`${worker} is ready as ${role}`);
}

const apiPort = Cluster.shape.ports.parse({}).api;

async function waitForRole(folder: RackFolder, role: string, { tell, signal }: DemoVoice): Promise<void> {
  const deadline = Date.now() + deadlinesMs.role;
  let told = '';
  for (;;) {
    const status = await readStatus(folder);
    const now = describe(status);
    if (now !== told) tell(`  ${now}`);
    told = now;
    if (hasRole(status, role) && status.state === 'ready') return;
    const hasFailed = (hasRole(status, role) && status.state === 'failed') || status.rebootFailed !== undefined;
    if (hasFailed || Date.now() > deadline) {
      throw new HostError(`${worker} did not become ${role}: ${status.rebootFailed?.reason ?? now}`, {
        hint: `Its console is ${boardFolder(folder, worker).consoleLog}, the service's log ${folder.serviceLog}.`,
      });
    }
    await sleep(pollMs, undefined, { signal });
  }
}

function describe({ state, running, reason }: NodeStatus): string {
  return `${worker}: ${running?.role ?? 'nothing'}, ${state}${reason === undefined ? '' : `, ${reason}`}`;
}

function hasRole({ running, desired }: NodeStatus, role: string): boolean {
  return running?.role === role && running.generation === desired?.generation;
}

async function readStatus(folder: RackFolder): Promise<NodeStatus> {
  const answer = await requestOk(apiSocket(folder.runtime), 'GET', `/nodes/${worker}`);
  if (answer.kind === 'no-service') throw new HostError('the service of the rack does not answer');
  return (answer.body as { status: NodeStatus }).status;
}
