/** pi-image image: the published versions of images. */
import type { RegisterCommand } from '../context.ts';
import { registerAudit } from './image-audit.ts';
import { registerCatalog } from './image-catalog.ts';
import { registerDiff } from './image-diff.ts';
import { registerImageDoctor } from './image-doctor.ts';
import { registerGc } from './image-gc.ts';
import { registerImport } from './image-import.ts';
import { registerList, registerShow } from './image-list.ts';
import { registerLock } from './image-lock.ts';
import { registerPin } from './image-pin.ts';
import { registerSbom } from './image-sbom.ts';
import { registerSign } from './image-sign.ts';
import { registerExec, registerShell } from './image-try.ts';
import { registerVerify } from './image-verify.ts';
import { registerWhy } from './image-why.ts';

export const registerImage: RegisterCommand = (program, context) => {
  const image = program.command('image').summary('the published versions of images');
  registerList(image, context);
  registerShow(image, context);
  registerDiff(image, context);
  registerWhy(image, context);
  registerVerify(image, context);
  registerSign(image, context);
  registerSbom(image, context);
  registerAudit(image, context);
  registerImageDoctor(image, context);
  registerPin(image, context);
  registerGc(image, context);
  registerCatalog(image, context);
  registerImport(image, context);
  registerLock(image, context);
  registerExec(image, context);
  registerShell(image, context);
};
