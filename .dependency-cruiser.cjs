// The house rule: imports go from top to bottom only, and there are no rings. `npm run rooms` holds it, and
// test/unit/house/rooms.test.ts holds the rule itself to its word.
// A room may import itself, the rooms below it, and src/lib. Rooms on one line are neighbours and do not import each other.
const floors = [
  ['main\\.ts'],
  ['app\\.ts'],
  ['app'],
  ['cli'],
  ['http', 'desk'],
  ['sip'],
  ['calls'],
  ['assist'],
  ['numbers', 'simulate'],
  ['dialplan'],
  ['ivr'],
  ['acd'],
  ['media'],
  ['recording', 'events', 'webhooks', 'reports'],
  ['store'],
];
const rooms = [...floors.flat(), 'sipd', 'lib'].map((room) => `${room}(/|$)`).join('|');

const upward = floors.flatMap((floor, index) =>
  floor.map((room) => {
    const above = floors.slice(0, index).flat();
    const beside = floor.filter((other) => other !== room);
    const forbidden = [...above, ...beside].map((name) => `^src/${name}(/|$)`).join('|');
    return {
      name: `${room.replace('\\', '')}-imports-downward-only`,
      severity: 'error',
      from: { path: `^src/${room}(/|$)` },
      to: { path: forbidden || '^$' },
    };
  }),
);

/** A package that only some rooms may know. */
const packageOf = (name, comment, package_, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${allowed})/` },
  to: { path: `(^|/)node_modules/${package_}/` },
});

const libraries = [
  {
    name: 'lib-imports-nothing-of-ours',
    severity: 'error',
    from: { path: '^src/lib/' },
    to: { path: '^src/(?!lib/)' },
  },
  {
    name: 'sipd-is-a-library',
    severity: 'error',
    from: { path: '^src/sipd/' },
    to: { path: '^src/(?!sipd/|lib/)' },
  },
  {
    name: 'embedded-media-is-a-library',
    severity: 'error',
    from: { path: '^src/media/embedded/' },
    to: { path: '^src/(?!media/|lib/)' },
  },
  {
    name: 'only-the-wiring-starts-sipd',
    comment:
      'The application speaks drachtio-srf, or what looks like it; only app.ts with its parts and the command line know the embedded server.',
    severity: 'error',
    from: { path: '^src/(?!sipd/|app\\.ts|app/|cli/)' },
    to: { path: '^src/sipd/' },
  },
];

const outside = [
  packageOf(
    'drachtio-stays-in-sip',
    'Rooms below see SIP through src/calls/leg.ts; FreeSWITCH is called by SIP, too.',
    'drachtio-srf',
    'sip|media/freeswitch',
  ),
  packageOf(
    'freeswitch-stays-in-its-adapter',
    'Calls see media through src/media/port.ts.',
    '(drachtio-fsmrf|drachtio-modesl|freeswitch-esl)',
    'media/freeswitch',
  ),
  packageOf(
    'rtp-stays-in-the-embedded-engine',
    'Calls see media through src/media/port.ts.',
    'werift',
    'media/embedded',
  ),
  packageOf('fastify-stays-in-http', 'Rooms below know nothing of HTTP.', '(fastify|@fastify/[^/]+)', 'http|desk'),
  packageOf(
    'redis-stays-below',
    'Rooms above act on state through the rooms that own it.',
    'ioredis',
    'store|acd|numbers|calls|sip|recording',
  ),
  {
    name: 'src-stands-alone',
    comment: 'The server needs neither its tools nor its tests.',
    severity: 'error',
    from: { path: '^src/' },
    to: { path: '^(scripts|test|dist)/' },
  },
  {
    name: 'the-phone-knows-only-lib',
    comment: 'The phone of tests and demo is the other side of the server; shared code would hide shared faults.',
    severity: 'error',
    from: { path: '^scripts/phone/' },
    to: { path: '^src/(?!lib/)' },
  },
  {
    name: 'no-development-packages',
    severity: 'error',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'imports-lead-somewhere',
    severity: 'error',
    from: { path: '^(src|scripts)/' },
    to: { couldNotResolve: true },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...upward,
    { name: 'no-rings', severity: 'error', from: {}, to: { circular: true } },
    { name: 'every-file-has-a-room', severity: 'error', from: { path: '^src/', pathNot: `^src/(${rooms})` }, to: {} },
    {
      name: 'no-imports-from-outside-the-rooms',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(${rooms})` },
    },
    ...libraries,
    ...outside,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
