import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What one stage of a pipeline leaves for the next: a pipeline keeps this folder as an artifact. */
export const reportsFolder = join(root, 'reports', 'delivery');
