import type { SipdStats } from './stats';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The content type of `prometheus`'s text. */
export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

/** The counters in the text format that Prometheus reads (version 0.0.4). */
export function prometheus(stats: SipdStats): string {
  return [...messageMetrics(stats), ...stateMetrics(stats), ...transactionMetrics(stats), ...defenceMetrics(stats)]
    .map(metricText)
    .join('');
}

function messageMetrics({ messages, transport, drops }: SipdStats): Metric[] {
  const requests = directions.flatMap((direction) => by('method', messages[direction].requests, { direction }));
  const responses = directions.flatMap((direction) => by('class', messages[direction].responses, { direction }));
  const { received, sent, connections } = transport;

  return [
    counter('requests_total', 'Requests that came and were sent, repeats included.', requests),
    counter('responses_total', 'Responses that came and were sent, by class of status.', responses),
    counter('messages_total', 'Messages by transport.', [
      ...by('transport', received, { direction: 'in' }),
      ...by('transport', sent, { direction: 'out' }),
    ]),
    counter('drops_total', 'What was not handled, by why.', by('cause', drops)),
    gauge('connections', 'Open connections.', by('transport', connections)),
  ];
}

function stateMetrics(stats: SipdStats): Metric[] {
  const { applications, dialogs, dialogsTotal, incoming, outgoing, parked, proxied, registeredFlows } = stats;

  return [
    gauge('applications', 'Applications connected.', [[applications]]),
    gauge('dialogs', 'Dialogs that are there.', [[dialogs]]),
    counter('dialogs_total', 'Dialogs since the start.', [[dialogsTotal]]),
    gauge('incoming', 'Requests that wait for an answer of the application.', [[incoming]]),
    gauge('outgoing', 'Requests of the application under way.', [[outgoing]]),
    gauge('parked', 'Requests in dialogs that wait for an application.', [[parked]]),
    gauge('proxied', 'Requests that are handed on for applications.', [[proxied]]),
    gauge('registered_flows', 'Clients on streams that registered.', [[registeredFlows]]),
  ];
}

function transactionMetrics({ transactions }: SipdStats): Metric[] {
  const { client, server, clientTotal, serverTotal, retransmissionsReceived, retransmissionsSent } = transactions;

  return [
    gauge('transactions', 'Transactions by state.', [
      ...by('state', client, { side: 'client' }),
      ...by('state', server, { side: 'server' }),
    ]),
    counter('transactions_total', 'Transactions since the start.', [
      ...by('side', { client: clientTotal, server: serverTotal }),
    ]),
    gauge('given_up_invites', 'INVITEs that were given up and may yet be answered.', [[transactions.givenUp]]),
    gauge('timers', 'Timers of transactions that run.', [[transactions.timers]]),
    counter('retransmissions_total', 'Repeats that transactions sent, and those that they absorbed.', [
      ...by('direction', { in: retransmissionsReceived, out: retransmissionsSent }),
    ]),
  ];
}

function defenceMetrics({ defence }: SipdStats): Metric[] {
  const { refused, connectionsRefused, authFailures, narrowed, bans, sources, shedding, lateness } = defence;

  return [
    counter('defence_refused_total', 'Requests refused by a limit.', by('limit', refused)),
    counter('defence_connections_refused_total', 'Connections not taken.', [[connectionsRefused]]),
    counter('auth_failures_total', 'Failed authentications.', [[authFailures]]),
    counter('narrowed_total', 'Sources whose datagrams were cut down as they may be forged.', [[narrowed]]),
    gauge('bans', 'Sources that are banned.', [[bans.active]]),
    counter('bans_total', 'Bans since the start.', [[bans.total]]),
    gauge('defence_sources', 'Sources that are remembered.', [[sources]]),
    gauge('shedding', 'Whether new requests are refused as the server is late.', [[shedding ? 1 : 0]]),
    gauge('lateness_ms', 'How late the event loop was when last looked at, in ms.', [[lateness]]),
  ];
}

const directions = ['in', 'out'] as const;

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function by(label: string, counts: Readonly<Record<string, number>>, labels: Labels = {}): Sample[] {
  return Object.entries(counts).map(([value, count]) => [count, { ...labels, [label]: value }]);
}

/** The values of labels are names of this server, so that none needs to be escaped. */
function metricText({ name, type, help, samples }: Metric): string {
  const full = `sightline_sip_${name}`;
  const lines = samples.map(([value, labels = {}]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);

    return `${full}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  });

  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}
