/// The part of Swagger UI that the page uses; the package brings no types.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  import type { Plugin } from './keys'
  import type { Call, searchOperations } from './newcomer'

  export interface Options {
    url: string
    domNode: HTMLElement
    deepLinking?: boolean
    persistAuthorization?: boolean
    tryItOutEnabled?: boolean
    displayRequestDuration?: boolean
    docExpansion?: 'list' | 'full' | 'none'
    defaultModelsExpandDepth?: number
    filter?: boolean
    validatorUrl?: string | null
    plugins?: (Plugin | (() => { fn: { opsFilter: typeof searchOperations } }))[]
    requestInterceptor?: (call: Call) => Call
    responseInterceptor?: <A extends { url: string; ok: boolean; body?: unknown }>(answer: A) => A
  }

  export default function SwaggerUI(options: Options): { preauthorizeApiKey(scheme: string, token: string): void }
}
