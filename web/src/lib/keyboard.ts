/// Whether the keyboard has a Command key.
export const apple = () => /Mac|iPhone|iPad/.test(navigator.userAgent)
