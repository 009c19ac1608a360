import { MapPin } from 'lucide-react'
import type { Message } from '@/api/types'
import styles from './Content.module.css'

/// A place. Its address opens in whatever shows maps on this device: no map is asked for from here.
export function PlacePart({ message }: { message: Message }) {
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
