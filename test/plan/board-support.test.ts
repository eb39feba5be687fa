import { describe, expect, test } from 'vitest';

import { type BoardSupportQuestion, checkBoardSupport } from '../../src/plan/board-support.ts';
import { parseDrivers } from '../../src/plan/module-alias.ts';
import { deviceTreeBlob, type TreeSketch } from '../support/device-tree-blob.ts';

/** As in Debian's kernel 7.2.12 for arm64, shortened. */
const drivers = parseDrivers({
  alias: `# Aliases extracted from modules themselves.
alias of:N*T*Craspberrypi,rp1-gemC* macb
alias of:N*T*Craspberrypi,rp1-gem macb
alias of:N*T*Craspberrypi,rp1-clocks clk_rp1
alias of:N*T*Cbrcm,bcm2712-mip irq_bcm2712_mip
alias pci:v00001DE4d00000001sv*sd*bc*sc*i* rp1_pci
alias usb:v0424pEC00d*dc*dsc*dp*ic*isc*ip*in* smsc95xx
`,
  builtinModinfo:
    'pcie_brcmstb.license=GPL\0pcie_brcmstb.alias=of:N*T*Cbrcm,bcm2712-pcieC*\0pcie_brcmstb.alias=of:N*T*Cbrcm,bcm2712-pcie\0',
});

/** The way to a Pi 5's network card as bcm2712-rpi-5-b.dtb of 7.2.12 has it: RP1 behind PCIe, its interrupts through the MIP. */
const pi5Tree = (card: TreeSketch = {}): TreeSketch => ({
  compatible: ['raspberrypi,5-model-b', 'brcm,bcm2712'],
  axi: {
    compatible: 'simple-bus',
    'msi-controller@1000130000': { compatible: 'brcm,bcm2712-mip', phandle: [21] },
    'pcie@1000120000': {
      compatible: 'brcm,bcm2712-pcie',
      'msi-parent': [21],
      'dev@0,0': {
        compatible: 'pci1de4,1',
        'clocks@18000': { compatible: 'raspberrypi,rp1-clocks', phandle: [7], '#clock-cells': [1] },
        'ethernet@100000': { compatible: ['raspberrypi,rp1-gem', 'cdns,macb'], clocks: [7, 21, 7, 5], ...card },
      },
    },
  },
});

const carried = new Set(['macb', 'clk_rp1', 'irq_bcm2712_mip', 'rp1_pci']);
const ask = (changes: Partial<BoardSupportQuestion> = {}) =>
  checkBoardSupport({
    board: 'pi5',
    release: '7.2.12',
    trees: new Map([['bcm2712-rpi-5-b.dtb', deviceTreeBlob(pi5Tree())]]),
    drivers,
    carried,
    ...changes,
  });
const withTree = (tree: TreeSketch) => ask({ trees: new Map([['bcm2712-rpi-5-b.dtb', deviceTreeBlob(tree)]]) });

test('a board is supported when every driver on the way is inside the kernel or the initramfs', () => {
  expect(ask()).toEqual({
    kind: 'supported',
    drivers: ['clk_rp1', 'irq_bcm2712_mip', 'macb', 'pcie_brcmstb', 'rp1_pci'],
  });
});

test.each([
  ['macb', '/axi/pcie@1000120000/dev@0,0/ethernet@100000'],
  ['clk_rp1', '/axi/pcie@1000120000/dev@0,0/clocks@18000'],
  ['rp1_pci', '/axi/pcie@1000120000/dev@0,0'],
  ['irq_bcm2712_mip', '/axi/msi-controller@1000130000'],
])('without %s in the initramfs it is not, and the device is named', (name, device) => {
  expect(ask({ carried: new Set([...carried].filter((other) => other !== name)) })).toEqual({
    kind: 'unsupported',
    reason: `pi5 reaches its network card through ${device}, whose driver ${name} is not in the initramfs`,
  });
});

describe('a board is not supported', () => {
  test('by a kernel without its device tree', () => {
    expect(ask({ trees: new Map() })).toMatchObject({ reason: 'kernel 7.2.12 has no device tree for pi5' });
  });

  test('by a device tree without its network card', () => {
    expect(withTree({ compatible: 'brcm,bcm2712' })).toMatchObject({
      reason:
        'bcm2712-rpi-5-b.dtb of kernel 7.2.12 has no network card (raspberrypi,rp1-gem), so pi5 cannot boot over the network',
    });
  });

  test('by a device tree that has it switched off', () => {
    expect(withTree(pi5Tree({ status: 'disabled' }))).toMatchObject({ kind: 'unsupported' });
  });

  test('by a kernel without a driver for the card', () => {
    const none = parseDrivers({ alias: '', builtinModinfo: '' });
    expect(ask({ drivers: none })).toMatchObject({
      reason: 'kernel 7.2.12 has no driver for the network card of pi5 (raspberrypi,rp1-gem)',
    });
  });
});

test('a machine without a device tree of its own is taken as it is', () => {
  expect(ask({ board: 'uefi', trees: new Map() })).toEqual({ kind: 'supported', drivers: [] });
});
