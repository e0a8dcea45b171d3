/** One measurement of one peer in a process of its own: `node measure.js <peer> <measurement> <input JSON>`, with REDIS_URL. */
import { measurements, type MeasurementName } from './measurements/index.js';
import { peers, type PeerName } from './peers/index.js';

const [peer, measurement, input] = process.argv.slice(2) as [PeerName, MeasurementName, string];
const redisUrl = process.env.BENCH_REDIS_URL;
if (redisUrl === undefined) throw new Error('BENCH_REDIS_URL is not set');
const result = await measurements[measurement](peers[peer], redisUrl, JSON.parse(input) as never);
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
