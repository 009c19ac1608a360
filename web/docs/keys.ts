/// A fresh Idempotency-Key for every request that is tried out, where nobody typed one.
///
/// The field is filled before Swagger UI checks it, so the reader sees the key that was sent, and a
/// required key that was left empty holds nothing up.

import { uuid } from '@/lib/uuid'

/// What we use of the immutable maps that Swagger UI keeps.
interface Part {
  get(key: string): unknown
  getIn(keys: string[]): unknown
}

/// Path and method.
type Place = [string, string]

interface System {
  specSelectors: {
    specJsonWithResolvedSubtrees(): Part
    parameterWithMetaByIdentity(at: Place, parameter: Part): Part
  }
  /// What was typed is kept by the parameter as the document has it, without a value in it.
  specActions: { changeParamByIdentity(at: Place, parameter: Part, value: string): void }
}

type Validate = (at: Place, ...rest: unknown[]) => unknown

export type Plugin = () => {
  statePlugins: { spec: { wrapActions: { validateParams(original: Validate, system: System): Validate } } }
}

export const freshKeys: Plugin = () => {
  const made = new Set<unknown>()

  /// Empty, an example from the document, or ours from the last time.
  const untouched = (parameter: Part, value: unknown) =>
    value == null || value === '' || made.has(value) ||
    [['example'], ['schema', 'example'], ['schema', 'default']].some((place) => parameter.getIn(place) === value)

  return {
    statePlugins: {
      spec: {
        wrapActions: {
          validateParams: (original, { specSelectors, specActions }) => (at, ...rest) => {
            const parameters = specSelectors.specJsonWithResolvedSubtrees().getIn(['paths', ...at, 'parameters'])
            for (const parameter of (parameters ?? []) as Iterable<Part>) {
              if (String(parameter.get('name')).toLowerCase() !== 'idempotency-key') continue
              const value = specSelectors.parameterWithMetaByIdentity(at, parameter).get('value')
              if (!untouched(parameter, value)) continue
              const key = uuid()
              made.add(key)
              specActions.changeParamByIdentity(at, parameter, key)
            }
            return original(at, ...rest)
          },
        },
      },
    },
  }
}
