/// Fills in a new Idempotency-Key for every request that is tried out, unless the reader entered one.
///
/// The field is filled before Swagger UI validates it, so that the reader sees the key that was sent, and an
/// empty required key does not block the request.

import { uuid } from '@/lib/uuid'

/// The part of Swagger UI's immutable maps that is used here.
interface Part {
  get(key: string): unknown
  getIn(keys: string[]): unknown
}

/// Path and method.
type Operation = [string, string]

interface System {
  specSelectors: {
    specJsonWithResolvedSubtrees(): Part
    parameterWithMetaByIdentity(at: Operation, parameter: Part): Part
  }
  /// Stores an entered value under the parameter as it is in the document, without a value.
  specActions: { changeParamByIdentity(at: Operation, parameter: Part, value: string): void }
}

type Validate = (at: Operation, ...rest: unknown[]) => unknown

export type Plugin = () => {
  statePlugins: { spec: { wrapActions: { validateParams(original: Validate, system: System): Validate } } }
}

export const freshKeys: Plugin = () => {
  const generated = new Set<unknown>()

  /// Empty, an example from the document, or a key generated earlier.
  const untouched = (parameter: Part, value: unknown) =>
    value == null || value === '' || generated.has(value) ||
    [['example'], ['schema', 'example'], ['schema', 'default']].some((path) => parameter.getIn(path) === value)

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
              generated.add(key)
              specActions.changeParamByIdentity(at, parameter, key)
            }
            return original(at, ...rest)
          },
        },
      },
    },
  }
}
