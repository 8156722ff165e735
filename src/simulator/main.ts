import { startSimulator } from './simulator.ts';

// Runs the simulator on its own, for several servers that share one database.
const {
  SIMULATOR_HOST = '127.0.0.1',
  SIMULATOR_PORT = '4010',
  SIMULATOR_SPEED = '8',
  SIMULATOR_DIR,
  SIMULATOR_PUBLIC_URL,
} = process.env;
const simulator = await startSimulator({
  host: SIMULATOR_HOST,
  port: Number(SIMULATOR_PORT),
  speed: Number(SIMULATOR_SPEED),
  directory: SIMULATOR_DIR,
  publicUrl: SIMULATOR_PUBLIC_URL,
});
console.log(`The provider simulator listens on ${simulator.url}`);
const stop = () => void simulator.close().then(() => process.exit(0));
process.on('SIGINT', stop).on('SIGTERM', stop);
