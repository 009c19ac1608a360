/// Loudness over time, as bars.

/// Any number of levels as at most so many bars: each the loudest of its stretch.
export function squeeze(levels: number[], most: number): number[] {
  const count = Math.min(most, levels.length)
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * levels.length) / count)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / count))
    return Math.max(...levels.slice(from, to))
  })
}

/// A whole recording, its loudest moment at 100.
export function waveform(levels: number[], bars = 64): number[] {
  const peaks = squeeze(levels, bars)
  const loudest = Math.max(...peaks, 0.01)
  return peaks.map((peak) => Math.round((peak / loudest) * 100))
}
