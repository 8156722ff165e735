/** The environment of a process without a provider key, and of its database. */
export const simulated = 'simulator';

/** The kind of an environment: the simulator, or a live account that costs money. */
export type EnvironmentKind = 'SIMULATOR' | 'LIVE';

/** The kind of an environment by its name in the database: `simulator`, or the address of the provider's API. */
export function kindOfEnvironment(environment: string): EnvironmentKind {
  return environment === simulated ? 'SIMULATOR' : 'LIVE';
}
