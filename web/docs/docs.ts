/// Swagger UI for each API that the server lists, served from our own files: nothing is fetched from other servers.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import './page.css'
import './docs.css'
import { freshKeys } from './keys'
import { learn, searchOperations, withKnown, type Call, type Known } from './newcomer'
import { root } from './root'
import { uuid } from '@/lib/uuid'

interface Api {
  name: string
  url: string
}

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T

/// A short, stable name for links: `/openapi/v1.json` is `v1`.
const slug = (api: Api) => api.url.replace(/^.*\//, '').replace(/\.\w+$/, '')

function followSystemTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const applyTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
  dark.addEventListener('change', applyTheme)
  applyTheme()
}

async function show() {
  const answer = await fetch(`${root()}/openapi/index.json`)
  if (!answer.ok) throw new Error(`/openapi/index.json: ${answer.status}`)
  const apis = (await answer.json()) as Api[]
  const requested = new URLSearchParams(location.search).get('api')
  const api = apis.find((one) => slug(one) === requested) ?? apis[0]
  if (!api) throw new Error('/openapi/index.json lists no API')

  const choice = element<HTMLSelectElement>('choice')
  for (const one of apis) choice.add(new Option(one.name, slug(one), false, one === api))
  choice.addEventListener('change', () => location.assign(`?api=${encodeURIComponent(choice.value)}`))
  element<HTMLAnchorElement>('document').href = api.url

  const known: Known = {}
  const ui = SwaggerUI({
    url: api.url,
    domNode: element('api'),
    deepLinking: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    filter: true,
    defaultModelsExpandDepth: 0,
    // Its badge would send the document to a third-party server.
    validatorUrl: null,
    plugins: [freshKeys, () => ({ fn: { opsFilter: searchOperations } })],
    requestInterceptor: (call: Call) => (call.url.includes('/openapi/') ? call : withKnown(call, known, () => uuid().slice(0, 8))),
    responseInterceptor: (answer) => {
      const token = answer.ok && !answer.url.includes('/openapi/') ? learn(answer.url, answer.body, known) : null
      // Signing up or in is all that it takes to try the rest.
      if (token) ui.preauthorizeApiKey('access_token', token)
      return answer
    },
  })
}

followSystemTheme()
show().catch((error: unknown) => {
  element('api').textContent = `The list of APIs could not be loaded. ${String(error)}`
})
