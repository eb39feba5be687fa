/** Programs of the building machine's architecture that stand in for an image's own while packages are installed. */
import { z } from 'zod';

/** Relative to the root. A link has the program it leads to in `file`. */
const NativeProgram = z.strictObject({ path: z.string(), file: z.string() });
export type NativeProgram = Readonly<z.infer<typeof NativeProgram>>;

const NativePackage = z.strictObject({ name: z.string(), version: z.string(), programs: z.array(NativeProgram) });
export type NativePackage = Readonly<z.infer<typeof NativePackage>>;

/** native/<key>/native.json */
export const NativeRecord = z.strictObject({ format: z.literal(1), packages: z.array(NativePackage) });
export type NativeRecord = Readonly<z.infer<typeof NativeRecord>>;
