import { handler as createDingtalkUser } from '../../../../functions/dingtalk/create-user.ts';
import { handler as deleteDingtalkUser } from '../../../../functions/dingtalk/delete-user.ts';
import { type GivenRows, toInputs } from '../../../../functions/jobs/request/rows.ts';
import { OperationError } from '../../../../functions/shared/errors.ts';
import { handler as createUser } from '../../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../../functions/wecom/delete-user.ts';
import { handler as updateUser } from '../../../../functions/wecom/update-user.ts';
import { handler as disconnectUser } from '../../../../functions/wibiclick/disconnect-user.ts';

type Operation = { bulk: Parameters<typeof toInputs>[0] };

const inputsOf = ({ bulk }: Operation, given: GivenRows) => toInputs(bulk, given).inputs;

function refusalOf({ bulk }: Operation, given: GivenRows): OperationError {
  try {
    toInputs(bulk, given);
  } catch (error) {
    if (error instanceof OperationError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
const errorsOf = (operation: Operation, given: GivenRows) => refusalOf(operation, given).options.errors;

describe('the rows of a CSV file', () => {
  test('are the fields of the operation, without those whose cell is empty', () => {
    const csv = 'userid,name,email,mobile\nqianyi,钱一,qianyi@example.com,\nzhouqi,周七,,13900001111\n';

    expect(inputsOf(createUser, { csv })).toEqual([
      { userid: 'qianyi', name: '钱一', email: 'qianyi@example.com', to_invite: false },
      { userid: 'zhouqi', name: '周七', mobile: '13900001111', to_invite: false },
    ]);
  });

  test('hold JSON where the schema wants no text', () => {
    const csv = [
      'userid,name,mobile,department,order,gender,to_invite,extattr',
      `qianyi,123,13900001111,"[2,3]","[0,1]",1,TRUE,"{""attrs"":[{""type"":0,""name"":""x"",""text"":{""value"":""y""}}]}"`,
    ].join('\n');

    expect(inputsOf(createUser, { csv })).toEqual([
      {
        userid: 'qianyi',
        name: '123',
        mobile: '13900001111',
        department: [2, 3],
        order: [0, 1],
        gender: '1',
        to_invite: true,
        extattr: { attrs: [{ type: 0, name: 'x', text: { value: 'y' } }] },
      },
    ]);
  });

  test.each([
    [updateUser, 'userid,enable\nlisi,0', [{ userid: 'lisi', enable: 0 }]],
    [
      deleteDingtalkUser,
      'userid,handoverResource\nlisi,"{""dingPan"":{""action"":""handover"",""handoverUserId"":""wangwu""}}"',
      [{ userid: 'lisi', handoverResource: { dingPan: { action: 'handover', handoverUserId: 'wangwu' } } }],
    ],
    [
      createDingtalkUser,
      'userid,name,mobile,dept_id_list,extension\nx,X,1390,"[1]","{""a"":""b""}"',
      [{ userid: 'x', name: 'X', mobile: '1390', dept_id_list: [1], extension: '{"a":"b"}' }],
    ],
  ])('are read for %#', (operation, csv, inputs) => {
    expect(inputsOf(operation, { csv })).toEqual(inputs);
  });

  test.each([
    [
      'a required cell that is empty',
      createUser,
      'userid,name,email\n,A,a@example.com',
      'row 2: userid',
      'is required',
    ],
    ['what no cell of it may hold', updateUser, 'userid,enable\nlisi,2', 'row 2: enable', 'must be the number 0 or 1'],
    ['a nested field', updateUser, 'userid,department\nlisi,"[1,""x""]"', 'row 2: department.1', /expected/],
    [
      'a nested unknown field',
      updateUser,
      'userid,extattr\nlisi,"{""attrs"":[],""x"":1}"',
      'row 2: extattr.x',
      /unknown/,
    ],
    [
      'no JSON where a list is wanted',
      updateUser,
      'userid,department\nlisi,2;3',
      'row 2: department',
      /expected array/,
    ],
    ['a rule over several fields', updateUser, 'userid,name\nlisi,', 'row 2', 'give at least one field to change'],
    ['a rule that names its field', createUser, 'userid,name\nlisi,A', 'row 2: mobile', /give mobile or email/],
    ['no column for a required field', createUser, 'name\nA\nB', 'header', 'lacks userid, which is required'],
    [
      'an unknown column',
      deleteUser,
      'userid,Name\nlisi,A\nwangwu,B',
      'header',
      'Name is no field; the fields are userid',
    ],
    ['data in the place of the header', deleteUser, '+8613900001111\nlisi', 'header', /^column 1 is no field/],
  ])('are refused with %s', (_, operation, csv, path, message) => {
    const text = message instanceof RegExp ? expect.stringMatching(message) : message;

    expect(errorsOf(operation, { csv })).toContainEqual({ path, message: text });
  });

  test('are counted by the lines of the file', () => {
    const csv = 'userid,position\nlisi,"a\nb"\n\n!,x';

    expect(errorsOf(updateUser, { csv })).toMatchObject([{ path: 'row 5: userid' }]);
  });

  test('can do nothing to the prototype of an object', () => {
    const csv = 'userid,extattr\nlisi,"{""__proto__"":{""attrs"":[]}}"';

    expect(errorsOf(updateUser, { csv })).toMatchObject([{ path: 'row 2: extattr' }]);
  });
});

describe('items', () => {
  test('are checked as a single request is', () => {
    expect(inputsOf(deleteUser, { items: [{ userid: 'lisi' }, { userid: 'wangwu' }] })).toEqual([
      { userid: 'lisi' },
      { userid: 'wangwu' },
    ]);
  });

  test.each([
    ['no object', [{ userid: 'a' }, 'lisi'], 'items[1]', /expected object/],
    ['null', [null], 'items[0]', /expected object/],
    ['a missing field', [{ userid: 'a' }, {}], 'items[1].userid', 'is required'],
    ['an unknown field', [{ userid: 'a', nickname: 'A' }], 'items[0].nickname', 'unknown field; remove it'],
    ['text where a number is wanted', [{ userid: '1', enable: '0' }], 'items[0].enable', /must be the number/],
    ['no items', [], 'items', 'must have at least one item'],
    ['too many items', Array(10_001).fill({ userid: 'a' }), 'items', 'must have at most 10000 items, not 10001'],
  ])('are refused with %s', (_, items, path, message) => {
    const text = message instanceof RegExp ? expect.stringMatching(message) : message;

    expect(errorsOf(updateUser, { items })).toContainEqual({ path, message: text });
  });

  test('that the store would not take are refused', () => {
    const attrs = Array.from({ length: 3_000 }, () => ({ type: 0, name: 'x'.repeat(100), text: { value: 'y' } }));

    expect(errorsOf(updateUser, { items: [{ userid: 'lisi', extattr: { attrs } }] })).toEqual([
      { path: 'items[0]', message: 'must be at most 256 KiB' },
    ]);
  });

  test('that are bad are listed up to twenty', () => {
    const errors = errorsOf(deleteUser, { items: Array(100).fill({}) });

    expect(errors).toHaveLength(21);
    expect(errors?.[19]).toMatchObject({ path: 'items[19].userid' });
    expect(errors?.[20]).toEqual({ path: 'body', message: 'has 80 more errors, not listed here' });
  });
});

describe('an account in two rows', () => {
  test.each([
    ['WeCom ignores case', deleteUser, { csv: 'userid\nlisi\nwangwu\nLiSi' }, 'row 4', 'row 2'],
    ['different inputs', updateUser, { csv: 'userid,enable\nlisi,0\nlisi,1' }, 'row 3', 'row 2'],
    [
      'items',
      deleteDingtalkUser,
      { items: [{ userid: 'a' }, { userid: 'b' }, { userid: 'a' }] },
      'items[2]',
      'items[0]',
    ],
    ['one website twice', disconnectUser, { csv: 'userId,websiteId\n101,201\n101,201' }, 'row 3', 'row 2'],
  ])('is refused, with both rows: %s', (_, operation, given, path, earlier) => {
    expect(errorsOf(operation, given)).toEqual([{ path, message: `is for the same account as ${earlier}; keep one` }]);
  });

  test('is fine for several websites, and where DingTalk tells ids apart by case', () => {
    const csv = 'userId,websiteId\n101,201\n101,202\n102,201';

    expect(inputsOf(disconnectUser, { csv })).toHaveLength(3);
    expect(inputsOf(deleteDingtalkUser, { csv: 'userid\nlisi\nLiSi' })).toHaveLength(2);
  });
});

test.each([
  ['CSV', { csv: 'userid,name,mobile,email\nqianyi,钱一一一,139 0000 1111,qianyi at example\n!!,孙二二二,+1 2,x' }],
  [
    'JSON',
    {
      items: [
        { userid: 'qianyi', name: '钱一一一', mobile: '139 0000 1111', email: 'qianyi at example', order: '孙二二二' },
      ],
    },
  ],
])('no refusal repeats a phone number, an address or a name: %s', (_, given) => {
  const { message, options } = refusalOf(createUser, given);

  expect(options.errors?.length).toBeGreaterThan(1);
  expect(message + JSON.stringify(options)).not.toMatch(/一一|二二|139|at example/);
});
