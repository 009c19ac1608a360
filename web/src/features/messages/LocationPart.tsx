import { MapPin } from 'lucide-react'
import type { Message } from '@/api/types'
import styles from './Content.module.css'

/// A location as a geo: link, which opens the device's maps app; no map is loaded here.
export function LocationPart({ message }: { message: Message }) {
  const { latitude, longitude, name } = message.payload ?? {}
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null
  const where = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`
  return (
    <a className={styles.place} href={`geo:${latitude},${longitude}`}>
      <MapPin size={20} />
      <span>{typeof name === 'string' && name && <b dir="auto">{name}</b>}{where}</span>
    </a>
  )
}
