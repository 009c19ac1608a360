/// Syntax highlighting, loaded with the first code block.

import core from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import cpp from 'highlight.js/lib/languages/cpp'
import csharp from 'highlight.js/lib/languages/csharp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import dockerfile from 'highlight.js/lib/languages/dockerfile'
import go from 'highlight.js/lib/languages/go'
import ini from 'highlight.js/lib/languages/ini'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import kotlin from 'highlight.js/lib/languages/kotlin'
import markdown from 'highlight.js/lib/languages/markdown'
import php from 'highlight.js/lib/languages/php'
import python from 'highlight.js/lib/languages/python'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import swift from 'highlight.js/lib/languages/swift'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

const languages = {
  bash, c, cpp, csharp, css, diff, dockerfile, go, ini, java, javascript, json, kotlin, markdown, php, python, ruby, rust, sql, swift,
  typescript, xml, yaml,
}
for (const [name, language] of Object.entries(languages)) core.registerLanguage(name, language)

export interface Token {
  text: string
  /// What it is: keyword, string, comment …
  kind: string
}

/// A code block as tokens, or null in a language that is not known here.
export function highlight(code: string, language: string): Token[] | null {
  if (!core.getLanguage(language)) return null
  // The library writes escaped HTML; it is read as text, never put into the page.
  const template = document.createElement('template')
  template.innerHTML = core.highlight(code, { language, ignoreIllegals: true }).value
  const tokens: Token[] = []
  const walk = (node: Node, kind: string) => {
    for (const child of node.childNodes) {
      if (child.nodeType === 3) tokens.push({ text: child.textContent ?? '', kind })
      else walk(child, (child as Element).className.split(' ')[0]?.replace('hljs-', '') ?? kind)
    }
  }
  walk(template.content, '')
  return tokens
}
