/** Which key does a certificate show? As curl takes it (`--pinnedpubkey`); it stays when the certificate is made again. */
import { createHash, type X509Certificate } from 'node:crypto';

export function pinOf({ publicKey }: Pick<X509Certificate, 'publicKey'>): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return `sha256//${createHash('sha256').update(der).digest('base64')}`;
}
