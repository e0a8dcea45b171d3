/**
 * Import direction of packages/core/src:
 *
 *   sub-paths (health, metrics, …) → index → module → features → {redis, bullmq} → options → domain → errors
 *
 * A layer may skip downward and never climbs. redis and bullmq share a layer and may use each other; there are no
 * cycles anywhere, type imports included. A feature folder reaches a sibling only through
 *   - a file named `*.interface.ts` (a small interface, injected by the module layer), or
 *   - observability/events* and observability/messages* (the event types and the log catalogue).
 * Unit specs are free of the layer rules, because they build what they need; nothing may import a spec.
 * That named internals of bullmq stay in src/bullmq is held by eslint (no-restricted-imports).
 */
const SRC = '^packages/core/src/';
const FEATURES = '(producer|worker|election|scheduler|recovery|observability|neighbours)';
const SPEC = '\\.spec\\.ts$';

/** From the top; one entry per layer. */
const LAYERS = [
  ['sub-paths', `${SRC}(testing|health|metrics|dashboard|history|codec|cli)/`],
  ['index', `${SRC}index\\.ts$`],
  ['module', `${SRC}module/`],
  ['features', `${SRC}${FEATURES}/`],
  ['redis-and-bullmq', `${SRC}(redis|bullmq)/`],
  ['options', `${SRC}options/`],
  ['domain', `${SRC}domain/`],
  ['errors', `${SRC}errors/`],
];

const upward = LAYERS.slice(1).map(([name, path], index) => ({
  name: `no-import-upward-from-${name}`,
  severity: 'error',
  from: { path, pathNot: SPEC },
  to: { path: LAYERS.slice(0, index + 1).map(([, above]) => above) },
}));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'no-unknown-folder',
      comment: 'A new folder needs its place among the layers above.',
      severity: 'error',
      from: { path: SRC, pathNot: [SPEC, ...LAYERS.map(([, path]) => path)] },
      to: {},
    },
    {
      name: 'no-feature-to-sibling',
      severity: 'error',
      from: { path: `${SRC}${FEATURES}/`, pathNot: SPEC },
      to: {
        path: `${SRC}${FEATURES}/`,
        pathNot: [`${SRC}$1/`, '\\.interface\\.ts$', `${SRC}observability/(events|messages)`],
      },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-import-of-specs-and-test-support',
      severity: 'error',
      from: { path: SRC, pathNot: SPEC },
      to: { path: [SPEC, '^packages/[^/]+/test/'] },
    },
    {
      name: 'bullmq-files-only-in-its-folder',
      comment:
        'Paths inside the bullmq package are no API. The proxy of the fault tests names the scripts it sees.',
      severity: 'error',
      from: { pathNot: [`${SRC}bullmq/`, '^packages/core/test/support/proxy/'] },
      to: {
        path: 'node_modules/bullmq/',
        pathNot: 'node_modules/bullmq/dist/(cjs|esm)/index\\.(js|d\\.ts)$',
      },
    },
    {
      name: 'other-packages-use-the-public-api',
      severity: 'error',
      from: { path: '^packages/(?!core/)' },
      to: { path: '^packages/core/(src|test)/' },
    },
    {
      name: 'no-dev-dependency-in-library',
      severity: 'error',
      from: { path: SRC, pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/([^/]+/(dist|coverage)|core/test/package/apps)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
