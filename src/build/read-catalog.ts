/** The catalog and the lists it refers to, as one list of images that are for us. */
import { fetchOsList } from '../host/os-list.ts';
import { catalogImages, subLists, type CatalogImage } from '../plan/os-list.ts';

/** Lists that name each other in a circle end here. */
const mostLists = 20;

export async function readCatalog(url: string, signal: AbortSignal): Promise<CatalogImage[]> {
  const asked = new Set<string>();
  const images: CatalogImage[] = [];
  const next = [url];
  for (let address = next.shift(); address !== undefined && asked.size < mostLists; address = next.shift()) {
    if (asked.has(address)) continue;
    asked.add(address);
    const items = await fetchOsList(address, signal);
    images.push(...catalogImages(items));
    next.push(...subLists(items, address));
  }
  return images;
}
