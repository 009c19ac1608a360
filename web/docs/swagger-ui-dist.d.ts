/// The part of Swagger UI that the page uses; the package brings no types.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  import type { Plugin } from './keys'

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
    plugins?: Plugin[]
  }

  export default function SwaggerUI(options: Options): unknown
}
