/** Waits until a condition holds, asking often; fails after a while, saying what it waited for. */
export async function eventually<Value>(
  what: string,
  ask: () => Promise<Value> | Value,
  limitMs = 20_000,
): Promise<NonNullable<Value>> {
  const endsAt = performance.now() + limitMs;
  for (;;) {
    const value = await ask();
    if (value) return value;
    if (performance.now() > endsAt) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
