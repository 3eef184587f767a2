import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../lib/clock';
import { distrustWords } from '../../lib/trust';
import type { Place } from '../application';
import type { SipRequest } from '../message/message';
import type { ApplicationRoute, RouteByWeb } from './outbound';
import { questionFor, readInstruction } from './route-question';

/** The time limit of a question unless another is given, in milliseconds: that of drachtio-server. */
const usualLimit = 3_000;
/** The longest answer that is read, in bytes. */
const longestAnswer = 65_536;
/** Most connections to the web server at a time; further questions wait for one, within their time. */
const mostConnections = 64;

/** Asks a web server where each new request goes. */
export class RouteWeb {
  private readonly agent: http.Agent;

  /** @throws TypeError when the address is none of http and https */
  constructor(
    private readonly options: RouteByWeb,
    private readonly clock: Clock,
  ) {
    const { protocol } = new URL(options.url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError('The url of applicationRoute begins with neither http:// nor https://');
    }
    const settings = { keepAlive: true, maxSockets: mostConnections };
    this.agent = protocol === 'https:' ? new https.Agent({ ...settings, ...options.tls }) : new http.Agent(settings);
  }

  /**
   * The instruction for one request. The status of the answer is not looked at, as drachtio-server does not; a redirection is
   * no instruction.
   * @throws InstructionError when the answer is none; Error when there is none in time or the signal ends the question
   */
  async ask(request: SipRequest, from: Place, given: AbortSignal): Promise<ApplicationRoute> {
    const url = questionFor(this.options.url, request, from);
    const limit = this.options.timeout ?? usualLimit;
    const over = new AbortController();
    const abort = (): void => over.abort(new Error('the request is over'));
    given.addEventListener('abort', abort, { once: true });
    const stop = this.clock.after(limit, () => over.abort(new Error(`no answer within ${limit} ms`)));
    try {
      return readInstruction(await this.get(url, over.signal));
    } catch (error) {
      if (over.signal.aborted) throw over.signal.reason;
      const words = distrustWords(error);
      throw words === undefined ? error : new Error(`The web server cannot be asked: ${words}`, { cause: error });
    } finally {
      stop();
      given.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private get(url: string, signal: AbortSignal): Promise<string> {
    const { get } = url.startsWith('https:') ? https : http;

    return new Promise((resolve, reject) => {
      const request = get(url, { agent: this.agent, signal, headers: { Accept: 'application/json' } }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > longestAnswer)
            request.destroy(new Error(`the answer is longer than ${longestAnswer} bytes`));
        });
        answer.once('end', () => resolve(text));
        answer.once('error', reject);
      });
      request.once('error', reject);
    });
  }
}
