import { readConfig } from '../../../src/lib/config';
import { warnOfOpenControlPort } from '../../../src/lib/control-port';
import { createLogger } from '../../../src/lib/logger';

test.each([
  ['127.0.0.1', undefined, 0],
  ['127.0.0.2', undefined, 0],
  ['::1', undefined, 0],
  ['0.0.0.0', undefined, 1],
  ['10.0.0.5', undefined, 1],
  ['10.0.0.5', 'a.pem', 0],
])('a control port at %s with the certificate %s is warned of %i times', (controlHost, controlCert, times) => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  warnOfOpenControlPort({ ...readConfig({}), controlHost, controlCert }, log);
  expect(lines.filter((line) => /without TLS.*SIGHTLINE_CONTROL_TLS_CERT/.test(line))).toHaveLength(times);
});
