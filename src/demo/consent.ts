import { createInterface } from 'node:readline/promises';
import { formatDollars } from '../money.ts';
import type { Environment, Quote } from './api-client.ts';

/** Describes for a person what the demo will spend. */
export function describeCost(environment: Environment, quotes: readonly Quote[]): string {
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
  const hold = formatDollars(sum(quotes.map(({ holdMicros }) => holdMicros)));
  const isKnown = quotes.every(({ expectedMicros }) => expectedMicros !== null);
  const expected = formatDollars(sum(quotes.map(({ expectedMicros }) => expectedMicros ?? 0n)));
  const price = isKnown ? `about ${expected}` : `at least ${expected}`;
  return environment === 'SIMULATOR'
    ? `Provider      SIMULATOR: nothing is paid for (live it would be ${price})\n`
    : `Provider      LIVE: ${quotes.length} runs will cost ${price}, at most ${hold}\n`;
}

/** Whether the runs may start: always on the simulator, and live only with consent, given before or by a typed yes. */
export async function maySpend(
  environment: Environment,
  isAgreed: boolean,
  terminal: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream },
): Promise<boolean> {
  if (environment === 'SIMULATOR' || isAgreed) return true;
  if (!terminal.input.isTTY) return false;
  const lines = createInterface(terminal);
  try {
    const answer = await lines.question('Spend it? Type yes to go on: ');
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    lines.close();
  }
}
