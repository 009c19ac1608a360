import { readdirSync } from 'node:fs'
import hooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

const features = readdirSync(new URL('./src/features', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

// A feature stands alone: app joins them, api and components serve them.
const alone = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [
        ...features.filter((other) => other !== feature).map((other) => ({
          regex: `(^@/features/${other}(/|$))|(^\\.\\./${other}(/|$))`,
          message: 'A feature does not import a feature.',
        })),
        { regex: '^@/app(/|$)', message: 'app imports features, never the other way.' },
      ],
    }],
  },
}))

export default tseslint.config(
  { ignores: ['dist', 'package/dist', 'node_modules', 'src/api/schema.ts', 'src/api/eventSchema.ts', 'docs'] },
  ...tseslint.configs.recommended,
  hooks.configs.flat['recommended-latest'],
  {
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  { files: ['**/*.tsx'], rules: { 'max-lines': ['error', { max: 150, skipBlankLines: true, skipComments: true }] } },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': ['error',
        { object: 'crypto', property: 'randomUUID', message: 'Missing over plain HTTP: use uuid of @/lib/uuid.' },
        { object: 'navigator', property: 'clipboard', message: 'Missing over plain HTTP: use copyText of @/lib/clipboard.' },
      ],
    },
  },
  {
    files: ['src/components/**'],
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: 'A component does not fetch.' }],
      'no-restricted-imports': ['error', { patterns: [{ regex: '^@/(api/(?!types)|features|app)', message: 'Components know no server.' }] }],
    },
  },
  ...alone,
)
