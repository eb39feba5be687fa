/** What the tests use of the npm package `dhcp`, which has no types of its own. */

declare module 'dhcp' {
  interface Client {
    on(event: 'error', handler: (error: unknown) => void): void;
    on(
      event: 'bound',
      handler: (state: { address: string; server: string; options: Record<string, unknown> }) => void,
    ): void;
    listen(port: number, host: string, done: () => void): void;
    sendDiscover(): void;
  }
  const dhcp: { createClient: (options: { mac: string; features: readonly string[] }) => Client };
  export default dhcp;
}

declare module 'dhcp/lib/protocol.js' {
  export interface Packet {
    op: number;
    htype: number;
    hlen: number;
    hops: number;
    xid: number;
    secs: number;
    flags: number;
    ciaddr: string;
    yiaddr: string;
    siaddr: string;
    giaddr: string;
    chaddr: string;
    sname: string;
    file: string;
    options: Record<number, string | number | string[] | number[]>;
  }
  const protocol: {
    parse: (bytes: Uint8Array) => Packet;
    format: (packet: Packet) => { _data: Buffer; _w: number };
  };
  export default protocol;
}
