import { findDismissed } from './dingtalk-dismissed.ts';
import type { Look } from './looking.ts';
import { findOffRoster } from './roster.ts';
import type { Policy } from './settings.ts';
import { findDisabled } from './wecom-disabled.ts';

/** How each policy finds accounts, once the steps of a cleanup are at work. */
export const looks: Record<Policy, Look> = {
  roster: findOffRoster,
  'wecom-disabled': findDisabled,
  'dingtalk-dismissed': findDismissed,
};
