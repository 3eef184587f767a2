import net from 'node:net';
import tls from 'node:tls';
import type { SipRequest } from '../message/message';

/** Where a new request goes: to an application that listens (drachtio-srf's `listen`), or to a connected one by its tag. */
export type ApplicationRoute =
  | {
      host: string;
      port: number;
      /** Connects over TLS: the authorities that the application's certificate is held to, and so on. */
      tls?: tls.ConnectionOptions;
    }
  | { tag: string };

/** Decides for each new request; undefined leaves it to the connected applications in turn. */
export type ApplicationRouter =
  ApplicationRoute | ((request: SipRequest) => ApplicationRoute | undefined | Promise<ApplicationRoute | undefined>);

export async function routeOf(router: ApplicationRouter, request: SipRequest): Promise<ApplicationRoute | undefined> {
  return typeof router === 'function' ? await router(request) : router;
}

/** A connection on its way to an application that listens; whoever asked for it closes it. */
export function dial({ host, port, tls: secure }: Exclude<ApplicationRoute, { tag: string }>): net.Socket {
  return secure ? tls.connect({ ...secure, host, port }) : net.connect({ host, port });
}
