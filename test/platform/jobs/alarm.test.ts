import { expect, it } from '@jest/globals';
import { Alarm } from '../../../src/platform/jobs/alarm.ts';
import { delay } from '../../support/delay.ts';

it('a wait ends early when it is told to, also when it was told before', async () => {
  const alarm = new Alarm();
  const long = alarm.wait(3_600_000);
  alarm.within(3_600_000);
  alarm.within(1);
  await long;
  alarm.within(0);
  await alarm.wait(3_600_000);
  // That was used up.
  const next = alarm.wait(3_600_000).then(() => 'over');
  expect(await Promise.race([next, delay(20).then(() => 'waiting')])).toBe('waiting');
  alarm.within(0);
  await next;
});
