import type { Config } from './config';

/** The part of the configuration that an embedded SIP server is started with, besides its control port. */
export function sipSockets(config: Config) {
  const { host, sipPort, tlsPort, wsPort, wssPort, tlsCert, tlsKey, tlsCa, tlsClients } = config;
  const isSecure = tlsCert !== undefined;
  const ports = [
    ...([
      ['udp', sipPort],
      ['tcp', sipPort],
      ['ws', wsPort],
    ] as const),
    ...(isSecure
      ? ([
          ['tls', tlsPort],
          ['wss', wssPort],
        ] as const)
      : []),
  ];
  const { externalAddress: address, localNetworks } = config;

  return {
    host,
    udpPort: sipPort,
    tcpPort: sipPort,
    wsPort,
    ...(isSecure && { tlsPort, wssPort }),
    listen: config.sipHosts.flatMap((further) =>
      ports.map(([transport, port]) => ({ transport, host: further, port })),
    ),
    tls: { cert: tlsCert, key: tlsKey, ca: tlsCa, clientCertificates: tlsClients },
    ...(address !== undefined && { external: { address, localNetworks } }),
    dns: { servers: config.dnsServers },
    connections: { idle: config.sipIdle * 1000 },
  };
}
