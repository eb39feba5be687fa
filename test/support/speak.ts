/**
 * Sends datagrams out of a network namespace: `speak.ts PORT TO TO_PORT HEX…` sends each from PORT and says what comes
 * back to PORT, a line `got ADDRESS HEX` each.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const [port = '', to = '', toPort = '', ...datagrams] = process.argv.slice(2);

const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (bytes, from) => {
  process.stdout.write(`got ${from.address} ${bytes.toString('hex')}\n`);
});
socket.bind(Number(port));
await once(socket, 'listening');
socket.setBroadcast(true);
for (const hex of datagrams) {
  socket.send(Buffer.from(hex, 'hex'), Number(toPort), to);
  await sleep(700);
}
socket.close();
