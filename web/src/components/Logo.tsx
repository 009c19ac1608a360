/// The logo: a garden pavilion.
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 48 48" fill="none" aria-hidden="true">
      <path d="M24 4v4" stroke="currentColor" strokeWidth="3" strokeLinecap="round" />
      <path d="M24 8 5 20.5h38L24 8Z" fill="currentColor" stroke="currentColor" strokeWidth="3" strokeLinejoin="round" />
      <path d="M10 23v19M38 23v19M19 23v9M29 23v9" stroke="currentColor" strokeWidth="3" strokeLinecap="round" />
      <path d="M11 33h26M6 42.500h36" stroke="currentColor" strokeWidth="3" strokeLinecap="round" />
    </svg>
  )
}
