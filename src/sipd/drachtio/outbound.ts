import net from 'node:net';
import tls from 'node:tls';
import type { SipRequest } from '../message/message';

/** An application that listens (drachtio-srf's `listen`). */
export interface ListeningApplication {
  host: string;
  port: number;
  /** Connects over TLS: the authorities that the application's certificate is held to, and so on. */
  tls?: tls.ConnectionOptions;
}

/** Targets that a request is handed on to, in place of any application. */
export interface ProxyTargets {
  destination: readonly string[];
  /** Stays in the path of what follows. */
  recordRoute?: boolean;
  followRedirects?: boolean;
  /** Asks all targets at once, not one after the other. */
  simultaneous?: boolean;
  /** How long one target may stay without any response, and without a final one: `2s`, `1500ms`; 5 s and 60 s unless given. */
  provisionalTimeout?: string;
  finalTimeout?: string;
}

/** What becomes of a new request: an application gets it, or the server answers or proxies it itself. */
export type ApplicationRoute =
  | ListeningApplication
  | { tag: string }
  | { reject: { status: number; reason?: string } }
  | { redirect: readonly string[] }
  | { proxy: ProxyTargets };

/** A web server that is asked about each new request, as drachtio-server does it. */
export interface RouteByWeb {
  /** `http://` or `https://`; what is told of the request is added to it. */
  url: string;
  /** The time limit of one question in milliseconds, 3,000 unless given. */
  timeout?: number;
  /** The authorities that the certificate of the web server is held to, and so on. */
  tls?: tls.ConnectionOptions;
}

/** Decides for each new request; undefined leaves it to the connected applications in turn. */
export type ApplicationRouter =
  | ApplicationRoute
  | RouteByWeb
  | ((request: SipRequest) => ApplicationRoute | undefined | Promise<ApplicationRoute | undefined>);

/** A connection on its way to an application that listens; whoever asked for it closes it. */
export function dial({ host, port, tls: secure }: ListeningApplication): net.Socket {
  return secure ? tls.connect({ ...secure, host, port }) : net.connect({ host, port });
}
