import { MapPin } from 'lucide-react'
import type { Message } from '@/api/types'
import styles from './Content.module.css'

/// A location as a link: on a phone to its maps app, elsewhere to a map on the web. No map is loaded here.
export function LocationPart({ message }: { message: Message }) {
  const { latitude, longitude, name } = message.payload ?? {}
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null
  const where = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`
  const phone = matchMedia('(hover: none) and (pointer: coarse)').matches
  const href = phone ? `geo:${latitude},${longitude}` : `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`
  return (
    <a className={styles.place} href={href} target={phone ? undefined : '_blank'} rel="noopener noreferrer">
      <MapPin size={20} />
      <span>{typeof name === 'string' && name && <b dir="auto">{name}</b>}{where}</span>
    </a>
  )
}
