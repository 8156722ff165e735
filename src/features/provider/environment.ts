/** The environment of a process without a provider key, and of its database. */
export const simulated = 'simulator';

/** What an environment is: the simulator, or an account that is paid. */
export type EnvironmentKind = 'SIMULATOR' | 'LIVE';

/** Of an environment as the database names it: `simulator`, or the address of the provider's API. */
export function kindOfEnvironment(environment: string): EnvironmentKind {
  return environment === simulated ? 'SIMULATOR' : 'LIVE';
}
