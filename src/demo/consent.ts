import { createInterface } from 'node:readline/promises';
import type { Environment, Quote } from './api-client.ts';

/** What the demo is about to spend, for a person to read. */
export function describeCost(environment: Environment, quotes: readonly Quote[]): string {
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
  const hold = dollars(sum(quotes.map(({ holdMicros }) => holdMicros)));
  const isKnown = quotes.every(({ expectedMicros }) => expectedMicros !== null);
  const expected = dollars(sum(quotes.map(({ expectedMicros }) => expectedMicros ?? 0n)));
  const price = isKnown ? `about ${expected}` : `at least ${expected}`;
  return environment === 'SIMULATOR'
    ? `Provider      SIMULATOR: nothing is paid for (live it would be ${price})\n`
    : `Provider      LIVE: ${quotes.length} runs will cost ${price}, at the most ${hold}\n`;
}

/** Whether the money may be spent: nothing on the simulator, else by `--yes` or a typed yes. */
export async function maySpend(
  environment: Environment,
  args: readonly string[],
  terminal: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream },
): Promise<boolean> {
  if (environment === 'SIMULATOR' || args.includes('--yes')) return true;
  if (!terminal.input.isTTY) return false;
  const lines = createInterface(terminal);
  try {
    const answer = await lines.question('Spend it? Type yes to go on: ');
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    lines.close();
  }
}

function dollars(micros: bigint): string {
  const digits = micros.toString().padStart(7, '0');
  return `$${digits.slice(0, -6)}.${digits.slice(-6, -4)}`;
}
