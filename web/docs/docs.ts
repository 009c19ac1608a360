/// Swagger UI over each API that the server lists, from our own files: nothing is fetched from elsewhere.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import './page.css'
import './docs.css'
import { freshKeys } from './keys'

interface Api {
  name: string
  url: string
}

const place = <T extends HTMLElement>(id: string) => document.getElementById(id) as T

/// Short and lasting, for links: `/openapi/v1.json` is `v1`.
const slug = (api: Api) => api.url.replace(/^.*\//, '').replace(/\.\w+$/, '')

function followTheSystem() {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const wear = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
  dark.addEventListener('change', wear)
  wear()
}

async function show() {
  const answer = await fetch('/openapi/index.json')
  if (!answer.ok) throw new Error(`/openapi/index.json: ${answer.status}`)
  const apis = (await answer.json()) as Api[]
  const asked = new URLSearchParams(location.search).get('api')
  const api = apis.find((one) => slug(one) === asked) ?? apis[0]
  if (!api) throw new Error('/openapi/index.json lists no API')

  const choice = place<HTMLSelectElement>('choice')
  for (const one of apis) choice.add(new Option(one.name, slug(one), false, one === api))
  choice.addEventListener('change', () => location.assign(`?api=${encodeURIComponent(choice.value)}`))
  place<HTMLAnchorElement>('document').href = api.url

  SwaggerUI({
    url: api.url,
    domNode: place('api'),
    deepLinking: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    filter: true,
    defaultModelsExpandDepth: 0,
    // Its badge would send the document to somebody else's server.
    validatorUrl: null,
    plugins: [freshKeys],
  })
}

followTheSystem()
show().catch((error: unknown) => {
  place('api').textContent = `The list of APIs could not be read. ${String(error)}`
})
