/** Processes for tests: whatever is started through these ends with its owner and tells its last lines when it fails. */
export { Child, type ChildOptions, type Exit } from '../../scripts/phone/child';
export { startServer, testToken, type ServerOptions, type ServerProcess } from '../../scripts/phone/server-process';
