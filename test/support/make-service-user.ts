/** What `pi-image setup serve` does about the user of the service, on whatever /etc this process sees. */
import { makeServiceUser } from '../../src/host/service-user.ts';

const isMade = await makeServiceUser(AbortSignal.timeout(30_000));
process.stdout.write(isMade ? 'made\n' : 'there already\n');
