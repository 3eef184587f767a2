import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { Closer } from '../../src/lib/closer';

export interface BrowserPhoneOptions {
  /** `ws://host:port` of the server; left out for one that does not register. */
  server?: string;
  domain?: string;
  user?: string;
  password?: string;
  /** Takes any certificate: the authority of a test is none that a browser knows. */
  trustsAll?: boolean;
}

export interface BrowserMedia {
  audio: { bytes: number; codec: string; energy: number };
  video: { bytes: number; codec: string; frames: number };
  /** Ports that are in use: 1 where everything is bundled. */
  transports: number;
  dtls: string;
  srtp: string;
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

/** A web phone in a headless Chromium: SIP.js over WebSocket, and the browser's own WebRTC with a camera that shows a test picture. */
export class BrowserPhone {
  private readonly log: string[] = [];

  private constructor(
    private readonly page: Page,
    private readonly closer: Closer,
    private readonly options: BrowserPhoneOptions,
  ) {
    page.on('console', (message) => this.log.push(message.text()));
    page.on('pageerror', (error) => this.log.push(String(error)));
  }

  static async start(options: BrowserPhoneOptions = {}): Promise<BrowserPhone> {
    const closer = new Closer();
    try {
      const url = await servePage(closer);
      const args = options.trustsAll ? [...flags, '--ignore-certificate-errors'] : flags;
      const browser: Browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
      closer.add('browser', () => browser.close());
      const phone = new BrowserPhone(await browser.newPage(), closer, options);
      await phone.page.goto(url);

      return phone;
    } catch (error) {
      await closer.close();
      throw error;
    }
  }

  register(): Promise<void> {
    return this.ask('register', this.options);
  }

  /** Resolves when the other side has answered. */
  call(target: string): Promise<void> {
    return this.ask('call', target);
  }

  /** An offer of the browser's WebRTC, without SIP; `accept` takes the answer to it. */
  offer(): Promise<string> {
    return this.ask('offer');
  }

  accept(answer: string): Promise<void> {
    return this.ask('accept', answer);
  }

  /** The browser's answer to an offer, in a new connection or in the one that is there. */
  answer(sdp: string, anew = true): Promise<string> {
    return this.ask('answer', { sdp, anew });
  }

  hangup(): Promise<void> {
    return this.ask('hangup');
  }

  /** Sends keys as RTP events (RFC 4733). */
  async press(digits: string): Promise<void> {
    if (!(await this.ask<boolean>('press', digits))) throw new Error('The call takes no keys');
  }

  /** `Established`, `Terminated`, ... */
  state(): Promise<string> {
    return this.ask('state');
  }

  received(): Promise<BrowserMedia> {
    return this.ask('received');
  }

  /** Our description and the peer's. */
  descriptions(): Promise<string[]> {
    return this.ask('descriptions');
  }

  /** What is seen now, as PNG; undefined while there is no picture. */
  async picture(): Promise<Buffer | undefined> {
    const url = await this.ask<string | undefined>('picture');

    return url === undefined ? undefined : Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
  }

  /** The last lines that the page and SIP.js wrote, for failures. */
  tail(lines = 60): string {
    return this.log.slice(-lines).join('\n');
  }

  close(): Promise<void> {
    return this.closer.close();
  }

  private async ask<T>(method: string, argument?: unknown): Promise<T> {
    const expression = `window.phone[${JSON.stringify(method)}](${JSON.stringify(argument ?? null)})`;
    try {
      return await this.page.evaluate<T>(expression);
    } catch (error) {
      throw new Error(`The browser could not '${method}': ${String(error)}\n${this.tail()}`);
    }
  }
}

/** The page on a port of 127.0.0.1, which browsers trust with cameras as they trust HTTPS. */
async function servePage(closer: Closer): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(__dirname, 'browser', 'page.js')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  const script = outputFiles[0]?.text ?? '';
  const html =
    '<!doctype html><meta charset="utf-8"><video autoplay playsinline></video><script src="page.js"></script>';
  const server: Server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': `${isScript ? 'text/javascript' : 'text/html'}; charset=utf-8` });
    response.end(isScript ? script : html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closer.add('page', async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
