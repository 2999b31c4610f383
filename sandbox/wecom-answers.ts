import { randomInt } from 'node:crypto';
import type { ProviderAnswer, ProviderCall } from './simulator.ts';

// Section numbers are those of providers/wecom.md, five-digit page numbers those of WeCom's documentation.

/** Thrown by a rule that refuses a call. */
export class Refusal extends Error {
  readonly errcode: number;

  constructor(errcode: number, remark = '') {
    super((texts.get(errcode) ?? 'request refused') + remark);
    this.errcode = errcode;
  }
}

const texts = new Map([
  [-1, 'system busy'],
  [40001, 'invalid credential'],
  [40003, 'invalid userid'],
  [40013, 'invalid corpid'],
  [40014, 'invalid access_token'],
  [40031, 'invalid userid list'],
  [40032, 'invalid userid list size'],
  [40033, 'invalid request character'],
  [40058, 'invalid parameter'],
  [40066, 'invalid department list'],
  [40096, 'invalid external userid'],
  [40097, 'handover user not resigned'],
  [40098, 'takeover user not verified'],
  [40100, 'customer is being transferred'],
  [40130, 'handover user equals takeover user'],
  [41001, 'access_token missing'],
  [41002, 'corpid missing'],
  [41004, 'corpsecret missing'],
  [41009, 'userid missing'],
  [41019, 'department missing'],
  [41036, 'invalid external corp name'],
  [41054, 'takeover user not activated'],
  [42001, 'access_token expired'],
  [45009, 'api freq out of limit'],
  [46004, 'user not exist'],
  [48002, 'api forbidden'],
  [48009, 'api forbidden for contact assistant'],
  [50100, 'invalid cursor'],
  [60003, 'department not found'],
  [60020, 'not allow to access from your ip'],
  [60102, 'userid existed'],
  [60103, 'invalid mobile'],
  [60104, 'mobile existed'],
  [60105, 'invalid email'],
  [60106, 'email existed'],
  [60110, 'too many departments'],
  [60111, 'userid not found'],
  [60112, 'invalid name'],
  [60123, 'invalid department id'],
  [60129, 'mobile and email both empty'],
  [60132, 'array lengths differ from department'],
  [60143, 'invalid biz_mail'],
  [60144, 'biz_mail cannot be changed'],
  [60145, 'biz_mail existed'],
  [60257, 'too many direct leaders'],
  [60269, 'invalid biz_mail_alias'],
  [60270, 'biz_mail_alias existed'],
  [60273, 'too many biz_mail_alias'],
  [60275, 'member is not managed by api'],
  [81001, 'too many nodes in department'],
  [90100, 'invalid external attribute type'],
  [90101, 'invalid external text'],
  [90102, 'invalid external web title'],
  [90103, 'invalid external web url'],
  [90104, 'invalid external miniprogram title'],
  [90105, 'invalid external miniprogram pagepath'],
  [90106, 'invalid external attribute'],
  [90500, 'owner not resigned'],
  [90501, 'not a customer group'],
  [90502, 'owner has left'],
  [90504, 'owner unchanged'],
  [90508, 'group was handed over'],
  [301005, 'not allow to delete creator'],
  [301012, 'invalid position'],
  [301013, 'invalid telephone'],
  [301015, 'invalid avatar_mediaid'],
  [301036, 'not allow to update userid'],
]);

export const answer = (errmsg = 'ok', body: object): ProviderAnswer => ({ body: { errcode: 0, errmsg, ...body } });

/** HTTP 200 with `Error-Code` and `Error-Msg`, and a hint id, the caller's IP and a help link in `errmsg` (section 1). */
export function refusalAnswer({ path, ip }: ProviderCall, { errcode, message }: Refusal): ProviderAnswer {
  const errmsg = `${message}, hint: [${hint()}], from ip: ${ip}, more info at help?e=${errcode}`;
  return {
    body: { errcode, errmsg, ...(path === '/cgi-bin/user/get' && errcode === 60111 && emptyMember) },
    headers: { 'error-code': String(errcode), 'error-msg': errmsg },
  };
}

/** What user/get was seen to send beside 60111 (section 1): a client must read `errcode` before any field. */
const emptyMember = { department: [], order: [], is_leader_in_dept: [] };

const hint = (): string => Math.floor(Date.now() / 1000) + String(randomInt(2 ** 48 - 1)).padStart(15, '0');
