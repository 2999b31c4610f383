import { randomUUID } from 'node:crypto';
import { Refusal } from './wecom-answers.ts';

export interface Page<Row> {
  rows: Row[];
  /** Undefined on the last page. */
  next_cursor: string | undefined;
}

/** Gives a list out in pages. A cursor stands for the rows as they were when the first page was read. */
export class Listings<Row> {
  readonly #listings = new Map<string, { rows: Row[]; given: number }>();

  page(cursor: string | undefined, limit: number, readAll: () => Row[]): Page<Row> {
    const { rows, given } = cursor ? this.#at(cursor) : { rows: readAll(), given: 0 };
    const end = given + limit;
    return { rows: rows.slice(given, end), next_cursor: end < rows.length ? this.#newCursor(rows, end) : undefined };
  }

  #at(cursor: string): { rows: Row[]; given: number } {
    const listing = this.#listings.get(cursor);
    if (!listing) throw new Refusal(50100);
    return listing;
  }

  #newCursor(rows: Row[], given: number): string {
    const cursor = randomUUID();
    this.#listings.set(cursor, { rows, given });
    return cursor;
  }
}
