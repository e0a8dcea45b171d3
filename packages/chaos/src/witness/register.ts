/** For `--import`: the process that is told so runs the witnessed scripts instead of the shipped ones. */
import { register } from 'node:module';

const sources = process.env.CHAOS_LUA_SOURCES;
if (sources === undefined) throw new Error('CHAOS_LUA_SOURCES names the scripts of the test build');
register('./hooks.js', import.meta.url, { data: sources });
