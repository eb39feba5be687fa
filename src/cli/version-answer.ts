/** What a command says that has made or changed one version. */
import type { ImageManifest } from '../model/manifest.ts';
import { renderValue, type OutputFormat } from './output.ts';

/** @param said to people */
export function renderVersion(
  { name: image, version }: Pick<ImageManifest, 'name' | 'version'>,
  format: OutputFormat,
  said: string,
): string {
  if (format === 'table') return said;
  return format === 'name' ? `${image}@${version}\n` : renderValue({ image, version }, format);
}
