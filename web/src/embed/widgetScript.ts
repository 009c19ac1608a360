import { mount, start } from './widget'

Object.assign(window, { Besedka: { mount } })
if (document.currentScript instanceof HTMLScriptElement) start(document.currentScript)
