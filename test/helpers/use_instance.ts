// The instance of a test file.
//
//   const gateway = await useInstance();   // at the top of the file; it is closed after the file's last test

import { afterAll, inject } from 'vitest';
import type { Instance, InstanceOptions } from './instance.ts';
import { createInstance } from './instance.ts';

export async function useInstance(options: InstanceOptions = {}): Promise<Instance> {
  const instance = await createInstance(inject('real'), options);
  afterAll(() => instance.close());
  return instance;
}
