import { Dialog } from '@/components/Dialog'
import { useT, type Key } from '@/lib/i18n'
import { apple } from '@/lib/keyboard'
import styles from './Shortcuts.module.css'

const GROUPS: [title: Key, keys: [keys: string, what: Key][]][] = [
  ['keys.everywhere', [
    ['Mod K', 'keys.switch'], ['Mod Shift F', 'keys.search_all'], ['Mod F', 'keys.search'], ['Alt ↑', 'keys.previous'], ['Alt ↓', 'keys.next'], ['Esc', 'keys.close'], ['Mod /', 'keys.help'],
  ]],
  ['keys.writing', [
    ['Enter', 'keys.send'], ['Shift Enter', 'keys.line'], ['↑', 'keys.edit'], ['Mod B', 'keys.bold'], ['Mod I', 'keys.italic'], ['Mod E', 'keys.code'], ['@', 'keys.mention'], [':', 'keys.emoji'], ['/', 'keys.command'],
  ]],
  ['keys.messages', [['↑ ↓', 'keys.move'], ['Enter', 'keys.actions']]],
]

/// All keys that do something.
export function Shortcuts({ onClose }: { onClose: () => void }) {
  const t = useT()
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <div className={styles.body} tabIndex={0} role="region" aria-label={t('keys.title')}>
        {GROUPS.map(([title, keys]) => (
          <section key={title} aria-label={t(title)}>
            <h3>{t(title)}</h3>
            <dl>
              {keys.map(([combination, what]) => (
                <div key={what}>
                  <dt>{combination.split(' ').map((key) => <kbd key={key}>{key === 'Mod' ? (apple() ? '⌘' : 'Ctrl') : key}</kbd>)}</dt>
                  <dd>{t(what)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
