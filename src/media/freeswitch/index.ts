/** Media by FreeSWITCH servers: drachtio-fsmrf for the endpoints, freeswitch-esl for health, load and what fsmrf lacks. */
export { parseEslUrls, type EslAddress } from './address';
export { openFreeswitchServers } from './servers';
export { connectFreeswitch, FreeswitchServer, type FreeswitchOptions } from './server';
export type { MediaSrf } from './fsmrf';
