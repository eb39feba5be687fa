/** As a program, in a namespace of its own: "handle ADDRESS PATH" prints a file's handle, "read ADDRESS HANDLE" what it holds. */
import { Nfs4Client, nfsOk } from './nfs4-client.ts';

const [verb = '', address = '', what = ''] = process.argv.slice(2);
const client = await Nfs4Client.open(address, 2049);
try {
  process.stdout.write(verb === 'handle' ? (await client.lookUp(what)).toString('hex') : await textOf(what));
} finally {
  client.close();
}

async function textOf(handle: string): Promise<string> {
  const { status, text } = await client.read(Buffer.from(handle, 'hex'));
  return status === nfsOk ? text : `NFS error ${status}`;
}
