/**
 * All commands, in the order in which --help shows them. Each is loaded when it is asked for: a command that asks the
 * service a question would else spend most of its time on loading the service. The largest loads only the verb, too.
 */
import type { RegisterCommand } from './context.ts';

export const commands: ReadonlyMap<string, (verb?: string) => Promise<RegisterCommand>> = new Map([
  ['init', async () => (await import('./commands/init.ts')).registerInit],
  ['build', async () => (await import('./commands/build.ts')).registerBuild],
  ['serve', async () => (await import('./commands/serve.ts')).registerServe],
  ['helper', async () => (await import('./commands/helper.ts')).registerHelper],
  ['apply', async () => (await import('./commands/apply.ts')).registerApply],
  ['status', async () => (await import('./commands/status.ts')).registerStatus],
  ['doctor', async () => (await import('./commands/doctor.ts')).registerDoctor],
  ['node', async (verb?: string) => (await import('./commands/node.ts')).loadNode(verb)],
  ['cluster', async () => (await import('./commands/cluster.ts')).registerCluster],
  ['operation', async () => (await import('./commands/operation.ts')).registerOperation],
  ['rollout', async () => (await import('./commands/rollout.ts')).registerRollout],
  ['role', async () => (await import('./commands/role.ts')).registerRole],
  ['overlay', async () => (await import('./commands/overlay.ts')).registerOverlay],
  ['rollback', async () => (await import('./commands/rollback.ts')).registerRollback],
  ['image', async () => (await import('./commands/image.ts')).registerImage],
  ['config', async () => (await import('./commands/config.ts')).registerConfig],
  ['secret', async () => (await import('./commands/secret.ts')).registerSecret],
  ['token', async () => (await import('./commands/token.ts')).registerToken],
  ['whoami', async () => (await import('./commands/whoami.ts')).registerWhoami],
  ['audit', async () => (await import('./commands/audit.ts')).registerAudit],
  ['api', async () => (await import('./commands/api.ts')).registerApi],
  ['inventory', async () => (await import('./commands/inventory.ts')).registerInventory],
  ['nfs', async () => (await import('./commands/nfs.ts')).registerNfs],
  ['rack', async () => (await import('./commands/rack.ts')).registerRack],
  ['demo', async () => (await import('./commands/demo.ts')).registerDemo],
  ['setup', async () => (await import('./commands/setup.ts')).registerSetup],
  ['completion', async () => (await import('./commands/completion.ts')).registerCompletion],
]);
