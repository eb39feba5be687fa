/** Asks who is at the address of a lost controller, as the service does: controller-questions.ts SECRETS DEVICE OWN NODE ADDRESS. Says it as JSON. */
import { controllerQuestions } from '../../src/cli/wire-up-controllers.ts';
import { openSecrets } from '../../src/host/secrets.ts';
import { parseIpv4, parseIpv4Interface } from '../../src/model/ipv4.ts';

const [dir = '', device = '', own = '', node = '', at = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const secrets = await openSecrets(dir, { log: { info: () => undefined, warn: () => undefined }, signal });
const network = { interface: device, address: parseIpv4Interface(own) };
const questions = controllerQuestions(() => network, { secrets, signal });

const address = parseIpv4(at);
const neighbour = await questions.neighbour(address);
const port = await questions.port(address);
const daemon = await questions.daemon({ node, address }).catch(() => 'unknown');
process.stdout.write(JSON.stringify({ neighbour, port, daemon }));
