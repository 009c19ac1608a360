// The page that asks for the server's address. It is the shell's own: the messenger is shown once there is a server.
const { invoke } = window.__TAURI_INTERNALS__
const find = (id) => document.getElementById(id)
const { language, texts, entered } = await invoke('start')
const text = (key) => texts[`desktop.${key}`] ?? key

document.documentElement.lang = language
document.title = text('name')
for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text)
find('check').textContent = text('connect.check')
find('address').placeholder = text('connect.placeholder')
find('address').value = entered ?? ''
find('address').focus()

function say(lines, isBad = false) {
  const said = find('said')
  said.toggleAttribute('data-bad', isBad)
  said.replaceChildren(...lines.map((line) => {
    const paragraph = document.createElement('p')
    paragraph.textContent = line
    if (isBad) paragraph.style.color = 'inherit'
    return paragraph
  }))
}

async function attempt(work) {
  const button = find('check')
  button.disabled = true
  button.textContent = text('connect.checking')
  find('proceed').hidden = true
  say([])
  try {
    await work(find('address').value)
  } catch (reason) {
    say([String(reason)], true)
    find('address').focus()
  } finally {
    button.disabled = false
    button.textContent = text('connect.check')
  }
}

const connect = (address) => invoke('connect', { address })

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault()
  void attempt(async (address) => {
    const { text: found, notes } = await invoke('check', { address })
    if (notes.length === 0) return connect(address)
    say([found, ...notes])
    find('proceed').hidden = false
    find('proceed').focus()
  })
})
find('address').addEventListener('input', () => { find('proceed').hidden = true })
find('proceed').addEventListener('click', () => void attempt(connect))
find('certificate').addEventListener('click', () => {
  invoke('choose_certificate').then((said) => { if (said) say([said]) }, (reason) => say([String(reason)], true))
})
