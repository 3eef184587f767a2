import net from 'node:net';
import { once } from 'node:events';
import { readConfig } from '../../../src/lib/config';
import type { SightlineError } from '../../../src/lib/errors';
import { asListenFault } from '../../../src/lib/listening';

/** The error of a real attempt to listen. */
async function faultOf(host: string, port: number): Promise<unknown> {
  const server = net.createServer();
  const failed = once(server, 'error');
  server.listen(port, host);
  const [error] = await failed;

  return error;
}

test('a taken port is named with the setting that chooses it, also when a library has wrapped the error', async () => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as net.AddressInfo;
  const fault = await faultOf('127.0.0.1', port);
  holder.close();
  const words = (name: string): string =>
    (asListenFault(fault, readConfig({ [name]: String(port) })) as SightlineError).message;
  for (const name of ['SIGHTLINE_SIP_PORT', 'SIGHTLINE_WS_PORT', 'SIGHTLINE_HTTP_PORT', 'SIGHTLINE_CONTROL_PORT']) {
    expect(words(name)).toBe(
      `Cannot listen on 127.0.0.1:${port}: another process has that port; end it, or give another port with ${name}`,
    );
  }
  const wrapped = new Error('no port', { cause: fault });
  expect(asListenFault(wrapped, readConfig({}))).toMatchObject({ code: 'CONFIG_INVALID' });
});

test('an address that this machine does not have points at SIGHTLINE_HOST', async () => {
  const fault = await faultOf('192.0.2.1', 0);
  const config = readConfig({ SIGHTLINE_HOST: '192.0.2.1' });
  expect((asListenFault(fault, config) as SightlineError).message).toMatch(/no such address; correct SIGHTLINE_HOST/);
});

test('any other error stays what it is', () => {
  const other = new Error('something else');
  expect(asListenFault(other, readConfig({}))).toBe(other);
  expect(asListenFault(undefined, readConfig({}))).toBeUndefined();
});
