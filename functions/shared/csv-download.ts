import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { documented } from './schema.ts';

/** What `run` of an operation with `csvAnswer` returns in the place of its output: a file that a browser saves. */
export class CsvDownload {
  readonly fileName: string;
  readonly text: string;

  constructor(fileName: string, text: string) {
    this.fileName = fileName;
    this.text = text;
  }
}

/** The field of the query that chooses between the two forms of an answer. */
export const answerFormat = documented(z.optional(z.enum(['json', 'csv'])), {
  description: 'The form of the answer; the header `Accept: text/csv` asks for `csv` too',
});

/** What the query says counts more than the header. */
export const wantsCsv = ({ headers }: APIGatewayProxyEventV2, format: z.infer<typeof answerFormat>): boolean =>
  format === undefined ? /\btext\/csv\b/i.test(headers.accept ?? '') : format === 'csv';
