import type { BulkOperation } from '../../shared/bulk.ts';
import { invalidInput } from '../../shared/errors.ts';

/** Each loads one file of its folder. */
const folders: Record<string, (name: string) => Promise<{ handler: { bulk: BulkOperation } }>> = {
  wecom: (name) => import(`../../wecom/${name}.ts`),
  dingtalk: (name) => import(`../../dingtalk/${name}.ts`),
  wibiclick: (name) => import(`../../wibiclick/${name}.ts`),
};

/**
 * The write that a job repeats, by the name of its file.
 * @throws OperationError `invalid_input`
 */
export async function loadOperation(operation: string): Promise<BulkOperation> {
  const { default: names }: { default: string[] } = await import('../../../build/bulk-operations.json', {
    with: { type: 'json' },
  });
  const [folder = '', name = ''] = operation.split('/');
  const load = folders[folder];
  if (!load || !names.includes(operation))
    throw invalidInput([{ path: 'operation', message: `must be one of ${names.join(', ')}` }]);
  return (await load(name)).handler.bulk;
}
