import { reportNearMisses } from '../settings/near-misses.ts';
import { defaultSimulatorSpeed, scriptDefaults } from '../settings/script-variables.ts';
import { startSimulator } from './simulator.ts';

// Runs the simulator as a separate process, for several servers that share one database.
// An empty variable counts as unset, as it does for the server.
reportNearMisses(process.env);
const port = Number(process.env.SIMULATOR_PORT || scriptDefaults.SIMULATOR_PORT);
const speed = Number(process.env.SIMULATOR_SPEED || defaultSimulatorSpeed);
try {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('SIMULATOR_PORT must be a whole number from 0 to 65535.');
  if (!(speed > 0)) throw new Error('SIMULATOR_SPEED must be a number above 0.');
  const simulator = await startSimulator({
    host: process.env.SIMULATOR_HOST || scriptDefaults.SIMULATOR_HOST,
    port,
    speed,
    directory: process.env.SIMULATOR_DIR || undefined,
    publicUrl: process.env.SIMULATOR_PUBLIC_URL || undefined,
  });
  const stop = () => void simulator.close().then(() => process.exit(0));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  console.log(`The provider simulator listens on ${simulator.url}`);
} catch (error) {
  console.error(`The simulator cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
