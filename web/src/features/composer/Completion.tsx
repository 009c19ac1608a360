import { Avatar } from '@/components/Avatar'
import { useT } from '@/lib/i18n'
import styles from './Completion.module.css'
import type { Offer } from './useCompletion'

interface Props {
  offers: Offer[]
  index: number
  onChoose: (offer: Offer) => void
  onHover: (index: number) => void
}

/// What can be put in place of a begun name or emoji. The field keeps the focus.
export function Completion({ offers, index, onChoose, onHover }: Props) {
  const t = useT()
  return (
    <ul id="completion" role="listbox" aria-label={t('composer.offers')} className={styles.list}>
      {offers.map((offer, at) => (
        <li
          key={offer.id}
          id={`completion-${at}`}
          role="option"
          aria-selected={at === index}
          onPointerMove={() => onHover(at)}
          onPointerDown={(event) => { event.preventDefault(); onChoose(offer) }}
        >
          {offer.emoji ? <span className={styles.emoji}>{offer.emoji}</span> : <Avatar id={offer.person?.id ?? 0} name={offer.person?.display_name ?? '@'} url={offer.person?.avatar_url} size="small" />}
          <b dir="auto">{offer.label}</b>
          <small dir="auto">{offer.note}</small>
        </li>
      ))}
    </ul>
  )
}
