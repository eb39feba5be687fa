/** An NFSv4.0 client that sends whatever handle it likes: RFC 5531 for the calls, RFC 7530 for the compounds. */
import { connect, type Socket } from 'node:net';

const operation = { getfh: 10, lookup: 15, putfh: 22, putrootfh: 24, read: 25 } as const;

/** RFC 7530 §13.1. */
export const nfsOk = 0;

export class Nfs4Client {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #xid = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
  }

  static async open(address: string, port: number): Promise<Nfs4Client> {
    const socket = connect(port, address);
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Nfs4Client(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** @returns the handle that the server gives for a path. @throws when it does not show the path */
  async lookUp(path: string): Promise<Buffer> {
    const names = path.split('/').filter(Boolean);
    const ops = [
      uint32(operation.putrootfh),
      ...names.map((name) => Buffer.concat([uint32(operation.lookup), opaque(Buffer.from(name))])),
      uint32(operation.getfh),
    ];
    const results = await this.#compound(ops);
    const { status } = results;
    if (status !== nfsOk) throw new Error(`${path}: NFS error ${status}`);
    // PUTROOTFH and each LOOKUP answer with their number and status alone.
    const at = (names.length + 1) * 8 + 8;
    return readOpaque(results.body, at);
  }

  /** @returns what a file holds, or the number of the error */
  async read(handle: Buffer): Promise<{ status: number; text: string }> {
    const anonymous = Buffer.alloc(16);
    const ops = [
      Buffer.concat([uint32(operation.putfh), opaque(handle)]),
      Buffer.concat([uint32(operation.read), anonymous, Buffer.alloc(8), uint32(4096)]),
    ];
    const { status, body } = await this.#compound(ops);
    // PUTFH 8 bytes, then READ: number, status, end of file, data.
    return status === nfsOk ? { status, text: readOpaque(body, 8 + 12).toString() } : { status, text: '' };
  }

  async #compound(ops: readonly Buffer[]): Promise<{ status: number; body: Buffer }> {
    const credentials = opaque(
      Buffer.concat([uint32(0), opaque(Buffer.from('forger')), uint32(0), uint32(0), uint32(0)]),
    );
    const head = [this.#xid++, 0, 2, 100_003, 4, 1].map(uint32);
    const args = [opaque(Buffer.alloc(0)), uint32(0), uint32(ops.length), ...ops];
    const call = Buffer.concat([...head, uint32(1), credentials, uint32(0), uint32(0), ...args]);
    this.#socket.write(Buffer.concat([uint32((0x8000_0000 | call.length) >>> 0), call]));
    const reply = await this.#record();
    // xid, reply, accepted, verifier (flavor and length), success; then status, tag, number of results.
    return { status: reply.readUInt32BE(24), body: reply.subarray(36) };
  }

  async #record(): Promise<Buffer> {
    for (;;) {
      const length = this.#received.length < 4 ? 0 : this.#received.readUInt32BE(0) & 0x7fff_ffff;
      if (length > 0 && this.#received.length >= length + 4) {
        const record = this.#received.subarray(4, length + 4);
        this.#received = this.#received.subarray(length + 4);
        return record;
      }
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        this.#socket.once('close', () => reject(new Error('the server has closed the connection')));
      });
    }
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function opaque(bytes: Buffer): Buffer {
  return Buffer.concat([uint32(bytes.length), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function readOpaque(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
}
