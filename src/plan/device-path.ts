/** Through which devices does the CPU reach one device? Walks a device tree upwards and along the things a device is fed by. */
import { type DeviceTreeNode, readCells, readStrings } from '../wire/device-tree.ts';

export interface Device {
  /** From the root: `/axi/pcie@1000120000`. */
  readonly path: string;
  readonly compatible: readonly string[];
}

/** Properties that name other nodes by phandle, and the property of those that says how many numbers follow each. */
const suppliers: Readonly<Record<string, string | undefined>> = {
  clocks: '#clock-cells',
  resets: '#reset-cells',
  'power-domains': '#power-domain-cells',
  phys: '#phy-cells',
  mboxes: '#mbox-cells',
  'msi-parent': '#msi-cells',
  'interrupts-extended': '#interrupt-cells',
  'interrupt-parent': undefined,
  'usb-phy': undefined,
  'pinctrl-0': undefined,
};

/** Longest list of phandles in one property that is looked at: a bound for files made to hurt. */
const maxSuppliers = 64;

interface Place {
  readonly node: DeviceTreeNode;
  readonly path: string;
  readonly parent: Place | undefined;
}

/** The enabled device with one of these compatible strings, its parents and all that feeds them; empty when there is none. */
export function devicesOnTheWayTo(tree: DeviceTreeNode, compatible: readonly string[]): readonly Device[] {
  const places = placesOf(tree);
  const byPhandle = new Map(places.map((place) => [readCells(place.node.properties.get('phandle'))[0], place]));
  const target = places.find(
    ({ node }) => isEnabled(node) && compatibleOf(node).some((name) => compatible.includes(name)),
  );
  const found = new Set<Place>();
  const open = target === undefined ? [] : [target];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (found.has(place)) continue;
    found.add(place);
    if (place.parent !== undefined) open.push(place.parent);
    open.push(...suppliersOf(place.node, byPhandle));
  }
  return [...found]
    .map(({ node, path }) => ({ path, compatible: compatibleOf(node) }))
    .filter((device) => device.compatible.length > 0);
}

function placesOf(tree: DeviceTreeNode): Place[] {
  const places: Place[] = [{ node: tree, path: '', parent: undefined }];
  // Grows while it is walked: every place adds its children.
  for (const parent of places) {
    places.push(...parent.node.children.map((node) => ({ node, path: `${parent.path}/${node.name}`, parent })));
  }
  return places;
}

function suppliersOf(node: DeviceTreeNode, byPhandle: ReadonlyMap<number | undefined, Place>): Place[] {
  return Object.entries(suppliers).flatMap(([property, cellsProperty]) => {
    const cells = readCells(node.properties.get(property));
    const named: Place[] = [];
    for (let at = 0; at < cells.length && named.length < maxSuppliers; at += 1) {
      const place = byPhandle.get(cells[at]);
      if (place === undefined) continue;
      named.push(place);
      if (cellsProperty !== undefined) at += readCells(place.node.properties.get(cellsProperty))[0] ?? 0;
    }
    return named;
  });
}

function compatibleOf(node: DeviceTreeNode): readonly string[] {
  return readStrings(node.properties.get('compatible'));
}

function isEnabled(node: DeviceTreeNode): boolean {
  const status = readStrings(node.properties.get('status'))[0];
  return status === undefined || status === 'okay' || status === 'ok';
}
