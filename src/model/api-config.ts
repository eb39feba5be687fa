/** The API for other machines: where it listens, and which certificate it shows. There is no way to have it without TLS. */
import { isIPv4 } from 'node:net';

import { z } from 'zod';

import { ConfigError } from './errors.ts';
import type { Ipv4Address } from './ipv4.ts';
import { AbsolutePath } from './names.ts';
import { parsedText } from './parsed-text.ts';

export interface ApiAddress {
  readonly address: Ipv4Address;
  readonly port: number;
}

const hint = 'Write an address of this machine and a port, for example 192.168.1.5:8443.';

/** @throws ConfigError */
export function parseApiAddress(text: string): ApiAddress {
  const [, address = '', port = ''] = /^([\d.]+):([1-9]\d{0,4})$/.exec(text) ?? [];
  if (!isIPv4(address) || Number(port) > 65_535) {
    throw new ConfigError(`"${text}" is not an address and a port`, { hint });
  }
  // Clients are to know by the certificate whom they speak to, and it names addresses.
  if (address === '0.0.0.0') throw new ConfigError('0.0.0.0 is no address that a certificate can name', { hint });
  return { address: address as Ipv4Address, port: Number(port) };
}

/** RFC 1123 §2.1. */
const HostName = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i, 'a host name');

export const ApiConfig = z
  .strictObject({
    /** Kept as text, so that it can be shown as it was written. */
    listen: parsedText((text) => {
      parseApiAddress(text);
      return text;
    }),
    /** By which clients reach it, beside the machine's own name and that address. */
    names: z.array(HostName).default([]),
    /** PEM files of its owner; without them it makes its own. */
    certificate: AbsolutePath.optional(),
    key: AbsolutePath.optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: 'certificate and key go together',
  });
export type ApiConfig = Readonly<z.infer<typeof ApiConfig>>;
