import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { moduleName, orderModules, parseModules } from '../../src/plan/module-order.ts';

/** Lines as depmod writes them (Debian 7.2.12 arm64, shortened). */
const texts = {
  dep: `kernel/fs/nfs/nfsv4.ko.xz: kernel/net/dns_resolver/dns_resolver.ko.xz kernel/fs/nfs/nfs.ko.xz kernel/fs/lockd/lockd.ko.xz kernel/net/sunrpc/sunrpc.ko.xz
kernel/fs/nfs/nfs.ko.xz: kernel/fs/lockd/lockd.ko.xz kernel/net/sunrpc/sunrpc.ko.xz
kernel/fs/lockd/lockd.ko.xz: kernel/net/sunrpc/sunrpc.ko.xz
kernel/net/sunrpc/sunrpc.ko.xz:
kernel/net/dns_resolver/dns_resolver.ko.xz:
kernel/drivers/net/ethernet/broadcom/genet/genet.ko.xz:
kernel/drivers/net/mdio/mdio-bcm-unimac.ko.xz:
kernel/fs/overlayfs/overlay.ko.xz:
`,
  builtin: 'kernel/drivers/virtio/virtio_pci.ko\n',
  softdep: `# Soft dependencies extracted from modules themselves.
softdep genet pre: mdio-bcm-unimac
softdep overlay pre: mdio-bcm-unimac not-in-this-kernel post: nfsv4
softdep lockd post: overlay
`,
};
const index = parseModules(texts);

test.each([
  ['a module alone', ['sunrpc'], ['sunrpc']],
  ['all it needs, and what those need', ['nfsv4'], ['sunrpc', 'lockd', 'nfs', 'dns_resolver', 'nfsv4']],
  ['soft needs that the kernel has', ['genet'], ['mdio_bcm_unimac', 'genet']],
  ['nothing for after boot, nothing that is missing', ['overlay'], ['mdio_bcm_unimac', 'overlay']],
  ['each once', ['lockd', 'nfs', 'sunrpc'], ['sunrpc', 'lockd', 'nfs']],
  ['nothing for what is built in', ['virtio_pci', 'genet'], ['mdio_bcm_unimac', 'genet']],
])('loads %s', (_what, wanted, expected) => {
  expect(orderModules(index, wanted)).toEqual(expected);
});

test.each([
  ['kernel/drivers/net/mdio/mdio-bcm-unimac.ko.xz', 'mdio_bcm_unimac'],
  ['kernel/fs/overlayfs/overlay.ko.zst', 'overlay'],
  ['kernel/fs/overlayfs/overlay.ko', 'overlay'],
])('%s is %s', (file, name) => {
  expect(moduleName(file)).toBe(name);
});

test('a circle of soft needs ends', () => {
  const circle = parseModules({
    dep: 'a.ko:\nb.ko:\n',
    builtin: '',
    softdep: 'softdep a pre: b\nsoftdep b pre: a\n',
  });

  expect(orderModules(circle, ['a'])).toEqual(['b', 'a']);
});

describe('whatever needs what', () => {
  /** Module i may need only modules before it, as depmod guarantees; their lists are complete, as depmod writes them. */
  const graphs = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 }).map((rows) => {
    const closures: Set<number>[] = [];
    rows.forEach((row, at) => {
      const direct = row.filter((need) => need < at);
      const indirect = direct.flatMap((need) => [...(closures[need] ?? [])]);
      closures.push(new Set([...direct, ...indirect]));
    });
    return closures;
  });

  test('every module stands behind its needs', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const dep = graph
          .map((needs, at) => `m${at}.ko: ${[...needs].map((need) => `m${need}.ko`).join(' ')}\n`)
          .join('');
        const names = graph.map((_, at) => `m${at}`).toReversed();

        const order = orderModules(parseModules({ dep, builtin: '', softdep: '' }), names);

        expect(order.toSorted()).toEqual(names.toSorted());
        graph.forEach((needs, at) => {
          for (const need of needs) expect(order.indexOf(`m${need}`)).toBeLessThan(order.indexOf(`m${at}`));
        });
      }),
    );
  });
});
