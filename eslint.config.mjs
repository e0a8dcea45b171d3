import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(
  Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']),
);

const browserGlobals = Object.fromEntries(
  [
    ...[
      'document',
      'window',
      'location',
      'history',
      'matchMedia',
      'getComputedStyle',
      'requestAnimationFrame',
    ],
    ...['EventSource', 'ResizeObserver', 'navigator'],
  ].map((name) => [name, 'readonly']),
);

/** Errors surface as a typed error, a rejected promise, an event or a health state: never swallowed, never only logged. */
const errorHandling = [
  {
    selector: 'CatchClause > BlockStatement[body.length=0]',
    message: 'Do not swallow errors.',
  },
  {
    selector:
      'CallExpression[callee.property.name="catch"] > ArrowFunctionExpression[body.type="BlockStatement"][body.body.length=0]',
    message: 'Do not swallow rejections.',
  },
  {
    selector:
      'CallExpression[callee.property.name="catch"] > ArrowFunctionExpression[body.type="Identifier"][body.name="undefined"]',
    message: 'Do not swallow rejections.',
  },
  {
    selector:
      'CatchClause > BlockStatement[body.length=1] > ExpressionStatement > CallExpression[callee.object.property.name="logger"]',
    message:
      'An error is never only logged: throw it, emit it, or keep it as a state that the health check shows.',
  },
];

const focusedTests = {
  selector: 'CallExpression[callee.property.name="only"][callee.object.name=/^(describe|it|test)$/]',
  message: 'A focused test hides all others.',
};

/** bullmq's backends and its keys and scripts are no stable API; one folder may know them. */
const bullmqInternals = {
  paths: [
    {
      name: 'bullmq',
      importNames: ['RedisQueueBackend', 'createRedisBackend', 'QueueKeys', 'RedisConnection', 'Scripts'],
      message: 'Internals of bullmq are imported in src/bullmq only.',
    },
  ],
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '**/coverage/',
      '**/reports/',
      'packages/core/src/redis/generated/',
      'packages/core/src/dashboard/generated/',
      // Applications of their own, with dependencies of their own: compiled by npm run test:package.
      'packages/core/test/package/apps/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: nodeGlobals },
    rules: {
      eqeqeq: 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'prefer-const': 'error',
    },
  },
  {
    files: ['packages/core/src/dashboard/page/*.js'],
    languageOptions: { globals: browserGlobals },
    rules: {
      // Nothing on the page is ever read as HTML.
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write', 'setHTMLUnsafe', 'srcdoc'].map(
          (property) => ({
            property,
            message: 'Texts of tasks are set as text.',
          }),
        ),
      ],
    },
  },
  {
    files: ['*.js', '**/*.cjs', '**/ecosystem*.config.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly', __dirname: 'readonly', __filename: 'readonly' },
    },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...errorHandling, focusedTests],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
      // An async method may implement an interface without awaiting anything.
      '@typescript-eslint/require-await': 'off',
      // `||` on strings and numbers is often meant.
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
      // A type alias and an interface are used for different things.
      '@typescript-eslint/consistent-type-definitions': 'off',
    },
  },
  {
    files: ['packages/core/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-console': 'error',
      // Most files are under 150 lines; a longer one than this says why in its disable comment.
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['packages/core/src/**/*.ts'],
    ignores: ['packages/core/src/bullmq/**', '**/*.spec.ts'],
    rules: { 'no-restricted-imports': ['error', bullmqInternals] },
  },
  {
    files: ['**/*.spec.ts', 'packages/*/test/**/*.ts'],
    rules: {
      // HTTP bodies, job data and mocks come as `any`.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // As they are documented, not as we would write them.
    files: ['packages/core/test/docs/samples/**'],
    rules: { '@typescript-eslint/return-await': 'off' },
  },
);
