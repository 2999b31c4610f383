import fc from 'fast-check';
import { readCsv } from '../../../functions/shared/csv.ts';
import { writeCsv } from '../../../functions/shared/csv-writer.ts';
import { OperationError } from '../../../functions/shared/errors.ts';

const read = (text: string, maxRows = 10) => readCsv(text, maxRows);
const tableOf = (text: string) => read(text).rows.map(({ line, cells }) => [line, ...Object.values(cells)]);

function refusalOf(text: string) {
  try {
    read(text, 3);
  } catch (error) {
    if (error instanceof OperationError) return { code: error.code, errors: error.options.errors };
    throw error;
  }
  throw new Error('it was not refused');
}

test.each([
  ['a byte order mark', '\uFEFFuserid,name\nlisi,李四', [[2, 'lisi', '李四']]],
  ['a byte order mark before a quote', '\uFEFF"userid",name\nlisi,李四', [[2, 'lisi', '李四']]],
  ['spaces around names', ' userid , name \nlisi, 李四 ', [[2, 'lisi', ' 李四 ']]],
  [
    'quotes, commas and line breaks in cells',
    'userid,name\n"li,si","a ""b""\nc"\nx,y',
    [
      [2, 'li,si', 'a "b"\nc'],
      [4, 'x', 'y'],
    ],
  ],
  [
    'CRLF, in cells too',
    'userid,name\r\nlisi,"a\r\nb"\r\nx,y\r\n',
    [
      [2, 'lisi', 'a\nb'],
      [4, 'x', 'y'],
    ],
  ],
  [
    'CR',
    'userid,name\rlisi,"a\rb"\rx,y',
    [
      [2, 'lisi', 'a\nb'],
      [4, 'x', 'y'],
    ],
  ],
  [
    'mixed line ends',
    'userid,name\r\nlisi,a\nx,y\r\n',
    [
      [2, 'lisi', 'a'],
      [3, 'x', 'y'],
    ],
  ],
  ['empty lines', '\nuserid,name\n\r\nlisi,a\n\n\n', [[4, 'lisi', 'a']]],
  [
    'empty cells',
    'userid,name\n,\n"",x',
    [
      [2, '', ''],
      [3, '', 'x'],
    ],
  ],
  [
    'guarded cells',
    `userid,name\n'=1,''+2\n'a,-3`,
    [
      [2, '=1', "'+2"],
      [3, "'a", '-3'],
    ],
  ],
])('reads %s', (_, text, table) => {
  expect(tableOf(text)).toEqual(table);
});

test.each([
  ['text that was not UTF-8', 'userid\nl\uFFFDsi', 'body', 'is not UTF-8: save it as CSV UTF-8'],
  ['UTF-16', 'u\0s\0e\0r\0i\0d\0', 'body', 'is not UTF-8: save it as CSV UTF-8'],
  ['nothing', '', 'header', 'is missing: the first line must name the fields'],
  ['empty lines only', '\n\r\n', 'header', 'is missing: the first line must name the fields'],
  ['a header alone', 'userid\n\n', 'body', 'must have at least one row below the header'],
  ['too many rows', 'userid\na\nb\nc\nd', 'body', 'must have at most 3 rows below the header'],
  ['a column without a name', 'userid,,name\na,b,c', 'header', 'column 2 has no name; name it or remove it'],
  ['a name twice', 'userid,name,userid\na,b,c', 'header', 'userid is given twice; keep one column of it'],
  ['semicolons', 'userid;name\na;b', 'header', 'must have commas between the fields; save the file as comma-separated'],
  [
    'too few fields',
    'userid,name\n\na,b\nc',
    'row 4',
    'has 1 fields where the header has 2; put a cell with a comma in quotes',
  ],
  [
    'too many fields',
    'userid,name\n"a\nb",c,d',
    'row 2',
    'has 3 fields where the header has 2; put a cell with a comma in quotes',
  ],
  [
    'an open quote',
    'userid,name\na,b\nc,"secret\ne,f\n',
    'row 3',
    'has a quote that is never closed; close it, and write a quote inside a cell twice',
  ],
  [
    'text after a quote',
    'userid,name\n"a"secret,b',
    'row 2',
    'has a quote in the middle of a cell; put the whole cell in quotes, and write the quote twice',
  ],
  [
    'a quote within text',
    'userid,name\nsec"ret,b',
    'row 2',
    'has a quote in the middle of a cell; put the whole cell in quotes, and write the quote twice',
  ],
  ['control characters', 'userid,name\na,b\u0007', 'row 2: name', 'must not hold control characters'],
])('refuses %s', (_, text, path, message) => {
  expect(refusalOf(text)).toEqual({ code: 'invalid_input', errors: [{ path, message }] });
});

test('lists the first twenty bad rows', () => {
  const text = `userid,name\n${'lisi\n'.repeat(31)}`;

  expect(() => read(text, 100)).toThrow(/row 21: .*; body: has 11 more errors, not listed here$/);
  expect(() => read(text, 100)).not.toThrow(/row 22/);
});

test('does not repeat what stands in the place of a header', () => {
  const { errors } = refusalOf('+86-13900001111,李四,李四\na,b,c');

  expect(errors).toEqual([{ path: 'header', message: 'column 3 is given twice; keep one column of it' }]);
});

test('a header of very many columns is judged at all: each against each would outlast the test', () => {
  const names = Array.from({ length: 500_000 }, (_, index) => `c${index}`);

  expect(() => read(`${names.join()},c0\nx`)).toThrow('header: c0 is given twice');
});

test.each(['=1+1', '+86', '-1', '@x', '\tx', '\rx', '\n=1', '＝1', "'=1", '=HYPERLINK("http://x","y")'])(
  'no spreadsheet takes %j for a formula',
  (cell) => {
    const [, line = ''] = writeCsv(['a'], [{ a: cell }]).split(/\n(?=.)/);

    expect(line.replace(/^"/, '')).toMatch(/^'/);
  },
);

test.each(['lisi', 'li.si@example_1-2', '张三', "o'neil", '00123', '15:30'])('leaves %j as it is', (cell) => {
  expect(writeCsv(['a'], [{ a: cell }])).toBe(`a\n${cell}\n`);
});

test('writes quotes, what is missing, and the header of no rows', () => {
  expect(writeCsv(['a', 'b'], [{ a: 'x,"y"\nz' }])).toBe('a,b\n"x,""y""\nz",""\n');
  expect(writeCsv(['a', 'b'], [])).toBe('a,b\n');
});

test('what is written is read back, with LF as the line break', () => {
  const special = fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', "'", '"', ',', ';', ' ', '＝', 'a', '张', '😀');
  const cell = fc
    .oneof(fc.string({ unit: special }), fc.string({ unit: 'grapheme' }))
    .filter((text) => !/[\0\uFFFD-\uFFFE]|[^\P{Cc}\t\n\r]/u.test(text));
  const rows = fc.array(fc.record({ a: cell, 'b c': cell }), { minLength: 1, maxLength: 10 });

  fc.assert(
    fc.property(rows, (written) => {
      const { header, rows } = read(writeCsv(['a', 'b c'], written));

      const lf = (text: string) => text.replace(/\r\n?/g, '\n');
      expect(header).toEqual(['a', 'b c']);
      expect(rows.map(({ cells }) => cells)).toEqual(written.map((row) => ({ a: lf(row.a), 'b c': lf(row['b c']) })));
    }),
    { numRuns: 500 },
  );
});

test('counts the line of every row as an editor does', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '"', ',') });

  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 10 }), (cells) => {
      const text = writeCsv(['a'], [...cells.map((a) => ({ a })), { a: 'last' }]);

      const before = text.slice(0, text.lastIndexOf('last')).split('\n').length;
      expect(read(text, 20).rows.at(-1)?.line).toBe(before);
    }),
  );
});
