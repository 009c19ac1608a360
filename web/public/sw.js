// Lets the page open without a network: keeps the shell and the hashed files it asked for.
// Nothing of the API is ever kept, and what is not ours to keep goes to the network untouched.
const CACHE = 'besedka-shell'
const SHELL = '/'
const FOLDERS = ['api', 'ws', 'docs', 'kyte', 'mimu', 'desktop', 'educations', 'health', 'metrics']
const OTHERS = new RegExp(`^/(${FOLDERS.join('|')})(/|$)`)

self.addEventListener('install', (event) => {
  // Where a browser knows such rules, it does not even start the worker for these requests.
  event.addRoutes?.(FOLDERS.map((name) => ({ condition: { urlPattern: `/${name}/*` }, source: 'network' }))).catch(() => undefined)
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(SHELL)).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

// What the first page loaded before this worker was there, and the words of notifications in the page's language.
self.addEventListener('message', (event) => {
  if (event.data?.kind === 'notify') return event.waitUntil(keepWords(event.data))
  if (event.data?.kind !== 'keep') return
  const assets = event.data.urls.filter((url) => {
    const { origin, pathname } = new URL(url)
    return origin === location.origin && (pathname.startsWith('/assets/') || pathname === '/theme.js')
  })
  event.waitUntil(caches.open(CACHE).then((cache) => Promise.allSettled(assets.map((url) => cache.add(url)))))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin || OTHERS.test(url.pathname)) return
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (url.pathname.startsWith('/assets/') || url.pathname === '/theme.js' || url.pathname.startsWith('/icons/')) {
    event.respondWith(asset(request, url.pathname.startsWith('/assets/')))
  }
})

async function page(request) {
  const cache = await caches.open(CACHE)
  try {
    const answer = await fetch(request)
    if (answer.ok) await keepShell(cache, answer.clone())
    return answer
  } catch {
    return (await cache.match(SHELL)) ?? Response.error()
  }
}

/// A new shell names new files: the old ones go.
async function keepShell(cache, answer) {
  if (!answer.headers.get('Content-Type')?.startsWith('text/html')) return
  const [fresh, known] = await Promise.all([answer.clone().text(), cache.match(SHELL).then((kept) => kept?.text())])
  if (fresh === known) return
  if (known) for (const request of await cache.keys()) await cache.delete(request)
  await cache.put(SHELL, answer)
}

/// Hashed files never change; the few others are asked for again when there is a network.
async function asset(request, hashed) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(request)
  if (kept && hashed) return kept
  try {
    const answer = await fetch(request)
    if (answer.ok) await cache.put(request, answer.clone())
    return answer
  } catch {
    return kept ?? Response.error()
  }
}

// In a cache of its own, because a worker that is woken by a push has nothing else to keep it in.
const WORDS = 'besedka-notify'
const WORDS_OF = '/notify'

async function keepWords({ app, text, sound }) {
  const cache = await caches.open(WORDS)
  await cache.put(WORDS_OF, new Response(JSON.stringify({ app, text, sound })))
}

async function words() {
  const kept = await caches.match(WORDS_OF, { cacheName: WORDS }).then((answer) => answer?.json()).catch(() => null)
  return { app: 'Besedka', text: 'New message', sound: true, ...kept }
}

// The server pushes what nobody looks at: each chat has one notification, with its newest message.
self.addEventListener('push', (event) => {
  event.waitUntil((async () => {
    let told
    try {
      told = event.data.json()
    } catch {
      return
    }
    if (told?.type === 'message' && Number.isInteger(told.chat_id)) await showPush(told)
  })())
})

async function showPush({ chat_id: chat, message_id: message, chat_title: title, author_name: author, text }) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  // The messenger that is looked at shows it itself.
  if (pages.some(({ focused, url }) => focused && !OTHERS.test(new URL(url).pathname))) return
  const { app, text: hidden, sound } = await words()
  const tag = `chat-${chat}`
  const shown = await self.registration.getNotifications({ tag })
  // An open page was first, or a later push.
  const known = shown.find(({ data }) => data?.message >= message)
  const body = known ? known.body : author === undefined ? hidden : title ? `${author}: ${text}` : text
  await self.registration.showNotification(known ? known.title : author === undefined ? app : title ?? author, {
    body,
    tag,
    icon: '/icons/icon-192.png',
    renotify: !known,
    silent: !!known || !sound,
    data: { chat, message: known ? known.data.message : message },
  })
  await countOnIcon()
}

async function countOnIcon() {
  const count = (await self.registration.getNotifications()).length
  await (count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => undefined)
}

// A pressed notification opens its chat in a page that is open already, or in a new one.
self.addEventListener('notificationclick', (event) => event.waitUntil(openPressed(event.notification)))

async function openPressed(notification) {
  notification.close()
  const chat = notification.data?.chat
  await countOnIcon()
  const [page] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (!page) return self.clients.openWindow(chat ? `/chats/${chat}` : '/')
  await page.focus()
  page.postMessage({ kind: 'open-chat', chat })
}
