declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** DynamoDB in memory. `createTableMs` is how long a table stays CREATING. */
  export default function dynalite(options: { createTableMs: number }): Server;
}
