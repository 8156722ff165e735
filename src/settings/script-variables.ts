/*
 * The variables that the server does not read, and their defaults. Imports nothing, so that the demo and the
 * simulator do not depend on the server.
 */

/** Read by the demo, by the standalone simulator, or by docker-compose.yml. An empty text means no default. */
export const scriptDefaults = {
  DRAMATIS_URL: 'http://127.0.0.1:4000',
  DEMO_OUTPUT: 'demo-output',
  SIMULATOR_HOST: '127.0.0.1',
  SIMULATOR_PORT: '4010',
  SIMULATOR_DIR: '',
  SIMULATOR_PUBLIC_URL: '',
  POSTGRES_PASSWORD: '',
} as const;

/** Used by the server, when it starts a simulator, and by the standalone simulator. */
export const defaultSimulatorSpeed = 8;

/** The names of the variables that the server does not read. */
export const scriptVariables: readonly string[] = Object.keys(scriptDefaults);
