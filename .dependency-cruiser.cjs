// The house rule: imports go from top to bottom only, and there are no rings. `npm run rooms` holds it.
// A room may import itself, the rooms below it, and src/lib. Rooms on one line are neighbours and do not import each other.
const floors = [
  ['main\\.ts'],
  ['app\\.ts'],
  ['cli'],
  ['http', 'desk'],
  ['sip'],
  ['calls'],
  ['assist'],
  ['numbers'],
  ['dialplan'],
  ['ivr'],
  ['acd'],
  ['media'],
  ['recording', 'events', 'webhooks', 'reports'],
  ['store'],
];

const upward = floors.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const above = floors.slice(0, floor).flat();
    const beside = rooms.filter((other) => other !== room);
    const forbidden = [...above, ...beside].map((name) => `^src/${name}(/|$)`).join('|');
    return {
      name: `${room.replace('\\', '')}-imports-downward-only`,
      severity: 'error',
      from: { path: `^src/${room}(/|$)` },
      to: { path: forbidden || '^$' },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...upward,
    { name: 'no-rings', severity: 'error', from: {}, to: { circular: true } },
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
      comment: 'The application speaks drachtio-srf; only app.ts and the command line know the embedded server.',
      severity: 'error',
      from: { path: '^src/(?!sipd/|app\\.ts|cli/)' },
      to: { path: '^src/sipd/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
