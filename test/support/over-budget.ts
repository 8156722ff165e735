/** Whether a write of a test's own failed because a hold did not fit into a budget. */
export function isOverBudget(error: unknown): boolean {
  return error instanceof Error && /budget_windows_cap_check/.test(JSON.stringify(error) + error.message);
}
