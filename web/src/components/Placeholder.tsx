import { useEffect, useRef } from 'react'
import { thumbhash } from '@/lib/thumbhash'

/// The blurred colours of a picture that is not loaded yet; fills its box.
export function Placeholder({ hash, className }: { hash: string; className?: string }) {
  const ref = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const pixels = thumbhash(hash)
    const canvas = ref.current
    const pen = canvas?.getContext('2d')
    if (!pixels || !canvas || !pen) return
    canvas.width = pixels.width
    canvas.height = pixels.height
    pen.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0)
  }, [hash])
  return <canvas ref={ref} className={className} aria-hidden="true" data-placeholder />
}
