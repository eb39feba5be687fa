/**
 * A program in a board's namespace: sends what its arguments say, half a second apart, as a Pi 4's firmware does.
 *
 *     discover            DISCOVER
 *     request             REQUEST of the address that was offered
 *     request=ADDRESS     REQUEST that names another server
 *     read=FILE:SECONDS   RRQ of a file, whose blocks are confirmed two a second; then it breaks off
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseIpv4 } from '../../src/model/ipv4.ts';
import { parseMac } from '../../src/model/mac.ts';
import { parseSerial } from '../../src/model/serial.ts';
import type { BoardIdentity } from '../../src/rack/eeprom.ts';
import { discoverPacket, requestPacket } from '../../src/rack/firmware-dhcp.ts';
import { encodeTftp } from '../../src/wire/tftp.ts';
import { boardAddress, boardMac, storageAddress } from './serve-fixture.ts';

const who: BoardIdentity = {
  board: 'pi4',
  mac: parseMac(boardMac),
  serial: parseSerial('9ffefdef'),
  revision: 0xd03115,
  eeprom: '2026-08-04',
};
const xid = 0x1234_5678;

async function dhcp(packet: Uint8Array | undefined): Promise<void> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind(68);
  await once(socket, 'listening');
  socket.setBroadcast(true);
  socket.send(packet ?? new Uint8Array(), 67, '255.255.255.255');
  await sleep(500);
  socket.close();
}

function request(server: string): Promise<void> {
  const address = parseIpv4(boardAddress);
  const serverId = parseIpv4(server);
  const offer = { address, serverId, tftpServer: serverId, prefixLength: 24, gateway: undefined };
  return dhcp(requestPacket(who, xid, offer));
}

async function readSlowly(file: string, seconds: number): Promise<void> {
  const socket = createSocket('udp4');
  const options = new Map([
    ['tsize', '0'],
    ['blksize', '1468'],
  ]);
  const send = (packet: Parameters<typeof encodeTftp>[0], port: number) =>
    socket.send(encodeTftp(packet), port, storageAddress);
  send({ kind: 'read', path: file, mode: 'octet', options }, 69);
  let port = 69;
  let block = 0;
  socket.on('message', (bytes, from) => {
    port = from.port;
    block = bytes[1] === 3 ? bytes.readUInt16BE(2) : 0;
  });
  for (const endMs = Date.now() + seconds * 1000; Date.now() < endMs;) {
    await sleep(500);
    send({ kind: 'ack', block }, port);
  }
  send({ kind: 'error', code: 0, message: 'Early terminate' }, port);
  await sleep(100);
  socket.close();
}

for (const step of process.argv.slice(2)) {
  const [verb = '', value = ''] = step.split('=');
  const [file = '', seconds = ''] = value.split(':');
  if (verb === 'discover') await dhcp(discoverPacket(who, xid));
  else if (verb === 'request') await request(value === '' ? storageAddress : value);
  else await readSlowly(file, Number(seconds));
}
