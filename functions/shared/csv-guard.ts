/**
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front. One that begins with apostrophes
 * already gets one more, so that taking it away gives back what there was.
 */
export const guarded = (cell: string): string => cell.replace(/^(?='*[=+\-@\t\n＝＋－＠])/, "'");

export const unguarded = (cell: string): string => cell.replace(/^'(?='*[=+\-@\t\n＝＋－＠])/, '');
