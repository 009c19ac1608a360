import styles from './Waveform.module.css'

interface Props {
  /// 0 to 100.
  bars: number[]
  /// 0 to 1.
  played?: number
}

export function Waveform({ bars, played = 0 }: Props) {
  return (
    <span className={styles.wave} aria-hidden="true">
      {bars.map((bar, index) => (
        <i key={index} data-played={(index + 0.5) / bars.length <= played || undefined} style={{ height: `${Math.max(10, bar)}%` }} />
      ))}
    </span>
  )
}
