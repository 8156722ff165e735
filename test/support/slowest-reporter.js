/** Prints the ten slowest test files of a run. */
export default class SlowestReporter {
  onRunComplete(_contexts, { testResults }) {
    const slowest = testResults
      .filter(({ skipped }) => !skipped)
      .map(({ testFilePath, perfStats, displayName }) => ({
        seconds: (perfStats.end - perfStats.start) / 1_000,
        name: `${testFilePath.slice(process.cwd().length + 1)} (${displayName?.name ?? ''})`,
      }))
      .sort((one, other) => other.seconds - one.seconds)
      .slice(0, 10);
    if (testResults.length < 20) return;
    process.stderr.write('\nThe slowest files:\n');
    for (const { seconds, name } of slowest)
      process.stderr.write(`  ${seconds.toFixed(1).padStart(6)} s  ${name}\n`);
  }
}
