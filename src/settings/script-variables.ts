/*
 * The variables that the server does not read, and their defaults. Imports nothing, so that the demo and the simulator stay
 * apart from the server.
 */

/** Read by the demo, by the simulator as a program of its own, or by docker-compose.yml; an empty default is none. */
export const scriptDefaults = {
  DRAMATIS_URL: 'http://127.0.0.1:4000',
  DEMO_OUTPUT: 'demo-output',
  SIMULATOR_HOST: '127.0.0.1',
  SIMULATOR_PORT: '4010',
  SIMULATOR_DIR: '',
  SIMULATOR_PUBLIC_URL: '',
  POSTGRES_PASSWORD: '',
} as const;

/** Read by the server, which starts a simulator, and by the simulator as a program of its own. */
export const defaultSimulatorSpeed = 8;

/** The names of the variables that the server does not read. */
export const scriptVariables: readonly string[] = Object.keys(scriptDefaults);
