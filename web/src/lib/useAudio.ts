/// Plays one recording; starting another pauses it.

import { useEffect, useRef, useState } from 'react'

const SPEEDS = [1, 1.5, 2]
let active: HTMLAudioElement | null = null

export interface Audio {
  playing: boolean
  /// In seconds.
  position: number
  speed: number
  toggle: () => void
  seek: (to: number) => void
  faster: () => void
}

/// `url` may come later, once `onWanted` has told that it is needed. `duration` is in seconds.
export function useAudio(url: string | undefined, duration: number, wanted: boolean, onWanted: () => void): Audio {
  const [playing, setPlaying] = useState(false)
  const [position, setPosition] = useState(0)
  const [speed, setSpeed] = useState(1)
  const audio = useRef<HTMLAudioElement | null>(null)
  const start = useRef(0)

  useEffect(() => {
    if (!wanted || !url) return
    const player = new globalThis.Audio(url)
    audio.current = player
    // A recording has no duration in its header until it was read to the end once; before that, no seeking.
    let measured = false
    player.onloadedmetadata = () => {
      if (Number.isFinite(player.duration)) return begin()
      player.ondurationchange = () => {
        if (Number.isFinite(player.duration)) begin()
      }
      player.currentTime = 1e7
    }
    const begin = () => {
      if (measured) return
      measured = true
      player.currentTime = start.current
      play(player)
    }
    player.onplay = () => setPlaying(true)
    player.onpause = () => setPlaying(false)
    player.ontimeupdate = () => {
      if (measured && !player.seeking) setPosition(Math.min(player.currentTime, duration || player.currentTime))
    }
    player.onended = () => {
      player.currentTime = 0
      setPosition(0)
    }
    return () => {
      player.pause()
      if (active === player) active = null
      audio.current = null
    }
  }, [wanted, url, duration])

  return {
    playing,
    position,
    speed,
    toggle: () => {
      const player = audio.current
      if (!player) return onWanted()
      if (player.paused) play(player)
      else player.pause()
    },
    seek: (to: number) => {
      start.current = to
      setPosition(to)
      if (audio.current) audio.current.currentTime = to
    },
    faster: () => {
      const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length]!
      setSpeed(next)
      if (audio.current) audio.current.playbackRate = next
    },
  }
}

function play(player: HTMLAudioElement): void {
  if (active !== player) active?.pause()
  active = player
  void player.play().catch(() => undefined)
}
