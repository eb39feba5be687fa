/**
 * The client of the npm package `dhcp` as a program: prints `bound {…}` and ends. Its first REQUEST names no address
 * (it takes the one of the OFFER only after sending), so it asks again until it has one to name.
 */
import dhcp from 'dhcp';

const client = dhcp.createClient({ mac: process.argv[2] ?? '', features: ['hostname'] });
client.on('error', (error) => process.stdout.write(`error ${String(error)}\n`));
client.on('bound', ({ address, server, options }) => {
  process.stdout.write(`bound ${JSON.stringify({ address, server, options })}\n`, () => process.exit(0));
});
client.listen(68, '0.0.0.0', () => {
  client.sendDiscover();
  setInterval(() => client.sendDiscover(), 500);
});
