/** The shape of the one table, for the stack and for the sandbox. The functions know these names by `shared/store.ts`. */
export const tableSchema = {
  partitionKey: 'pk',
  sortKey: 'sk',
  timeToLive: 'ttl',
  index: { name: 'index', partitionKey: 'ipk', sortKey: 'isk' },
};
