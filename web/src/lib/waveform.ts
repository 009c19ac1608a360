/// Loudness over time, as bars.

/// Reduces levels to at most `most` bars, each the maximum of its range.
export function squeeze(levels: number[], most: number): number[] {
  const count = Math.min(most, levels.length)
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * levels.length) / count)
    const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / count))
    return Math.max(...levels.slice(from, to))
  })
}

/// Exactly this many bars: fewer levels, as of a short recording, become wider.
export const spread = (levels: number[], count: number): number[] =>
  (levels.length >= count ? squeeze(levels, count) : Array.from({ length: count }, (_, bar) => levels[Math.floor((bar * levels.length) / count)]!))

/// The bars of a recording, scaled so that the loudest is 100.
export function waveform(levels: number[], bars = 64): number[] {
  const peaks = squeeze(levels, bars)
  const loudest = Math.max(...peaks, 0.01)
  return peaks.map((peak) => Math.round((peak / loudest) * 100))
}
