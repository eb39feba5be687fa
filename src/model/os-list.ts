/** The list of operating systems that Raspberry Pi Imager reads: os_list_imagingutility_v4.json. Unknown keys are skipped. */
import { z } from 'zod';

const Sha256 = z.string().regex(/^[0-9a-fA-F]{64}$/);

/** An image, a group of them, or the address of a list of more. */
export interface OsListItem {
  readonly name: string;
  readonly description?: string | undefined;
  readonly url?: string | undefined;
  readonly release_date?: string | undefined;
  readonly extract_size?: number | undefined;
  readonly extract_sha256?: string | undefined;
  readonly image_download_size?: number | undefined;
  readonly image_download_sha256?: string | undefined;
  readonly subitems?: readonly OsListItem[] | undefined;
  readonly subitems_url?: string | undefined;
}

const OsListItem: z.ZodType<OsListItem> = z.lazy(() =>
  z.object({
    name: z.string(),
    description: z.string().optional(),
    url: z.string().optional(),
    release_date: z.string().optional(),
    extract_size: z.number().optional(),
    extract_sha256: Sha256.or(z.literal('')).optional(),
    image_download_size: z.number().optional(),
    image_download_sha256: Sha256.or(z.literal('')).optional(),
    subitems: z.array(OsListItem).optional(),
    subitems_url: z.string().optional(),
  }),
);

export const OsList = z.object({ os_list: z.array(OsListItem) });
export type OsList = Readonly<z.infer<typeof OsList>>;
