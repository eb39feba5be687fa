/** What the catalog of Raspberry Pi has for us: its 64-bit Raspberry Pi OS images, out of a list of everything for everybody. */
import { ConfigError } from '../model/errors.ts';
import { didYouMean } from '../model/nearest.ts';
import type { OsListItem } from '../model/os-list.ts';

/** What Raspberry Pi Imager 2 reads. */
export const officialCatalog = 'https://downloads.raspberrypi.com/os_list_imagingutility_v4.json';

export interface CatalogImage {
  readonly name: string;
  readonly description: string;
  /** `2025-10-01`; empty where the list does not say. */
  readonly releaseDate: string;
  readonly url: string;
  /** Of the file as it is downloaded. */
  readonly sha256: string;
  readonly downloadBytes: number;
  /** Of the card that it is for. */
  readonly cardBytes: number;
}

/** Lists of other makers are not asked for; and one that came over TLS leads to no other way. */
export function subLists(items: readonly OsListItem[], listUrl: string): string[] {
  return everyItem(items).flatMap(({ name, subitems_url: address }) => {
    if (address === undefined || !/raspberry pi os/i.test(name) || !URL.canParse(address, listUrl)) return [];
    const { href, protocol } = new URL(address, listUrl);
    const isPlain = protocol === 'http:' && new URL(listUrl).protocol === 'http:';
    return protocol === 'https:' || isPlain ? [href] : [];
  });
}

/** In the order of the list; without what could not be checked when it is downloaded. */
export function catalogImages(items: readonly OsListItem[]): CatalogImage[] {
  return everyItem(items).flatMap((item) => {
    const { name, url, image_download_sha256: digest } = item;
    if (url === undefined || digest === undefined || digest === '' || !isOurs(name, url)) return [];
    return [
      {
        name,
        description: item.description ?? '',
        releaseDate: item.release_date ?? '',
        url,
        sha256: digest.toLowerCase(),
        downloadBytes: item.image_download_size ?? 0,
        cardBytes: item.extract_size ?? 0,
      },
    ];
  });
}

/** `…/raspios_lite_arm64/images/…`; the name alone also fits what others made of it. */
function isOurs(name: string, url: string): boolean {
  return (
    /raspberry pi os/i.test(name) && /\/raspios[\w-]*arm64/.test(url) && /^https?:\/\/.*\.img(?:\.xz|\.zst)?$/.test(url)
  );
}

function everyItem(items: readonly OsListItem[]): OsListItem[] {
  return items.flatMap((item) => [item, ...everyItem(item.subitems ?? [])]);
}

/** @param sha256 what image.yaml pins it to @throws ConfigError when there is none, several, or another one by now */
export function chooseFromCatalog(images: readonly CatalogImage[], name: string, sha256?: string): CatalogImage {
  const named = images.filter((image) => image.name === name);
  const [chosen] = sha256 === undefined ? named : named.filter((image) => image.sha256 === sha256);
  const [first] = named;
  if (first === undefined) {
    const names = images.map((image) => image.name);
    throw new ConfigError(`the catalog has no image "${name}"${didYouMean(name, names)}`, {
      hint: 'Look at "pi-image image catalog".',
    });
  }
  const digests = new Set(named.map((image) => image.sha256));
  if (sha256 === undefined && digests.size > 1) throw severalOf(name, named);
  if (chosen === undefined) {
    throw new ConfigError(`"${name}" of the catalog is another image by now: its sha256 is ${first.sha256}`, {
      hint: `Remove the sha256 from image.yaml to take that one of ${first.releaseDate}, or name the old one by its url.`,
    });
  }
  return chosen;
}

function severalOf(name: string, named: readonly CatalogImage[]): ConfigError {
  const lines = named.map(
    ({ releaseDate, url, sha256 }) => `\n  ${releaseDate || 'no date'}  ${url}  sha256 ${sha256}`,
  );
  return new ConfigError(`the catalog has ${named.length} images "${name}":${lines.join('')}`, {
    hint: 'Write the sha256 of the one that you mean beside name: in image.yaml.',
  });
}
