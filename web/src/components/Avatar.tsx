import { useContext, useState } from 'react'
import { cx } from '@/lib/cx'
import { hue, initials } from '@/lib/media'
import { ServerContext } from '@/lib/server'
import { shell } from '@/lib/shell'
import styles from './Avatar.module.css'

interface Props {
  id: number
  name: string
  url?: string | null
  size?: 'small' | 'medium' | 'large'
  group?: boolean
}

/// An avatar, or coloured initials. An image from another host is not loaded: that host would learn who views it.
export function Avatar({ id, name, url, size = 'medium', group = false }: Props) {
  const server = useContext(ServerContext) || shell().requests || location.origin
  const picture = url ? new URL(url, server).href : null
  const [broken, setBroken] = useState<string | null>(null)
  const own = picture?.startsWith(`${server}/`) && picture !== broken ? picture : null
  return (
    <span className={cx(styles.avatar, styles[size], styles[`hue${hue(id)}`], group && styles.group)} aria-hidden="true" data-initials={own ? undefined : initials(name)}>
      {own && <img src={own} alt="" onError={() => setBroken(own)} />}
    </span>
  )
}
