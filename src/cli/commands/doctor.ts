/** pi-image doctor: what is wrong with a node, or with the whole site, and what is to be done about it? */
import { readCluster } from '../../host/config-files.ts';
import type { Finding, SiteDiagnosis } from '../../model/diagnosis.ts';
import { HostError, PiImageError } from '../../model/errors.ts';
import type { PlacedProblem } from '../../model/problem.ts';
import { statusOf } from '../../plan/doctor-site.ts';
import { diagnoseMachine } from '../../plan/doctor-rules.ts';
import { checkConfig } from '../check.ts';
import type { CliContext, RegisterCommand } from '../context.ts';
import { renderFindings, renderNodeDiagnosis } from '../doctor-report.ts';
import { gatherMachineFacts } from '../machine-facts.ts';
import { renderValue, withOutput } from '../output.ts';
import { call, callIfThere } from '../typed-client.ts';

type Format = 'table' | 'json' | 'yaml';

export const registerDoctor: RegisterCommand = (program, context) => {
  const doctor = program
    .command('doctor')
    .summary('say what is wrong, why, and what to do')
    .description(
      'Without a node: every node that is not ready, every part of the service with a problem, what cluster.yaml and its ' +
        'files say, and what this machine lacks (interface, ports, firewall, NFS, disk, clock), each with cause and cure. ' +
        'With one: why that node is not ready. Changes nothing. Fails when something is wrong.',
    )
    .argument('[node]', 'a name')
    .addHelpText('after', '\nExamples:\n  pi-image doctor\n  pi-image doctor node01\n  pi-image doctor -o json')
    .action((name: string | undefined, { output }: { output: Format }) =>
      name === undefined ? diagnoseSite(context, output) : diagnoseNode(name, context, output),
    );
  withOutput(doctor, ['table', 'json', 'yaml']);
};

async function diagnoseNode(name: string, context: CliContext, output: Format): Promise<void> {
  const server = await context.service();
  const path = { name };
  const diagnosis = await call(server, 'GET /nodes/{name}/diagnosis', { path });
  if (output !== 'table') {
    context.stdout(renderValue(diagnosis, output));
    return failWhenWrong(diagnosis.findings);
  }
  const { status } = await call(server, 'GET /nodes/{name}', { path });
  // What stands in its way may be on the storage node.
  const isWrong = statusOf(diagnosis.findings) === 'wrong';
  const others = isWrong && typeof server === 'string' ? await findOnMachine(context) : [];
  context.stdout(renderNodeDiagnosis(diagnosis, status.lastBoot, others));
  failWhenWrong(diagnosis.findings);
}

async function diagnoseSite(context: CliContext, output: Format): Promise<void> {
  const server = await context.service();
  const called = await callIfThere(server, 'GET /diagnosis', {});
  const site = called.kind === 'answer' ? called.answer : undefined;
  const local = typeof server === 'string' ? [...(await findInConfig(context)), ...(await findOnMachine(context))] : [];
  const findings = withoutDoubles([...(site?.findings ?? [noService]), ...local]);
  if (output === 'table') context.stdout(`${summarise(site)}${renderFindings(findings) || '\nNothing is wrong.\n'}`);
  else context.stdout(renderValue({ status: statusOf(findings), nodes: site?.nodes, findings }, output));
  failWhenWrong(findings);
}

const noService: Finding = {
  kind: 'service',
  name: 'pi-image',
  severity: 'wrong',
  rule: 'no-service',
  cause: 'no service runs here',
  hint: 'Start it with "systemctl start pi-image" or "pi-image serve"; why it ended is in the log: journalctl -u pi-image.',
};

function summarise(site: SiteDiagnosis | undefined): string {
  return site === undefined ? 'Nodes are not known.\n' : `${site.nodes.ready} of ${site.nodes.all} nodes are ready.\n`;
}

/** The check of the configuration looks at the interface too. */
function withoutDoubles(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    ({ kind, cause }) =>
      kind !== 'config' || !findings.some((other) => other.kind === 'machine' && cause.endsWith(other.cause)),
  );
}

async function findInConfig(context: CliContext): Promise<Finding[]> {
  const { problems, notes } = await checkConfig(context.paths(), undefined, context.signal);
  return [...problems.map((problem) => ofConfig(problem, 'wrong')), ...notes.map((note) => ofConfig(note, 'note'))];
}

function ofConfig({ file, line, key, message, hint }: PlacedProblem, severity: Finding['severity']): Finding {
  const name = [file === '' ? 'configuration' : file, line].filter((part) => part !== undefined).join(':');
  const cause = key === '' ? message : `${key}: ${message}`;
  return { kind: 'config', name, severity, rule: 'config', cause, ...(hint !== undefined && { hint }) };
}

/** A cluster.yaml that cannot be read is told by the check of the configuration. */
async function findOnMachine(context: CliContext): Promise<Finding[]> {
  const paths = context.paths();
  try {
    const { cluster } = await readCluster(paths.config);
    return diagnoseMachine(await gatherMachineFacts(cluster, paths, context.signal));
  } catch (error) {
    if (error instanceof PiImageError && !context.signal.aborted) return [];
    throw error;
  }
}

function failWhenWrong(findings: readonly Finding[]): void {
  const wrong = findings.filter(({ severity }) => severity === 'wrong').length;
  if (wrong > 0) throw new HostError(wrong === 1 ? 'one thing is wrong' : `${wrong} things are wrong`);
}
