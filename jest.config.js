/** Tests run on the TypeScript sources; types are checked by `npm run build`, so the transform only strips them. */
/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  // Every wait within has a limit of its own, which says for what it waited; this is for their sum on a busy machine.
  testTimeout: 60_000,
  // Each look-up of a global goes through the sandbox of a test file, which makes work with numbers twice as long.
  sandboxInjectedGlobals: ['Math'],
  // Two cores are what a small machine has; more workers only make timings noisy.
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/sequencer.js',
};
