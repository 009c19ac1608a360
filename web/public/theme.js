// Runs before the first paint, so that neither theme nor language flashes. Plain script: no imports.
(function () {
  var root = document.documentElement
  try {
    var theme = localStorage.getItem('besedka.theme')
    if (theme === 'light' || theme === 'dark' || theme === 'contrast') root.dataset.theme = theme
    var language = localStorage.getItem('besedka.language')
    if (language) root.lang = language
  } catch {
    // Storage is refused in some private windows: the system's theme is fine.
  }
})()
