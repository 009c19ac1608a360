/// Decodes a ThumbHash (https://evanw.github.io/thumbhash/): some 25 bytes that hold the colours of a picture and
/// roughly where they are.

export interface Pixels {
  width: number
  height: number
  /// Red, green, blue and opacity of each pixel.
  data: Uint8ClampedArray<ArrayBuffer>
}

const LONGEST = 32

/// The pixels of a hash in base64; null for what is none.
export function thumbhash(base64: string): Pixels | null {
  const hash = bytesOf(base64)
  if (!hash || hash.length < 5) return null
  const head = hash[0]! | (hash[1]! << 8) | (hash[2]! << 16)
  const more = hash[3]! | (hash[4]! << 8)
  const hasAlpha = (head >> 23) & 1
  const isLandscape = more >> 15
  if (hasAlpha && hash.length < 6) return null
  const full = hasAlpha ? 5 : 7
  const [columns, rows] = isLandscape ? [full, Math.max(1, more & 7)] : [Math.max(1, more & 7), full]
  const [lx, ly] = [Math.max(3, columns), Math.max(3, rows)]

  let place = (hasAlpha ? 6 : 5) * 2
  /// The cosine terms of a channel, each in half a byte.
  const channel = (nx: number, ny: number, scale: number) => terms(nx, ny).map(([cx, cy]) => {
    const nibble = ((hash[place >> 1] ?? 0) >> ((place & 1) << 2)) & 15
    place += 1
    return { cx, cy, value: (nibble / 7.5 - 1) * scale }
  })
  const lightness = channel(lx, ly, ((head >> 18) & 31) / 31)
  const yellow = channel(3, 3, (((more >> 3) & 63) / 63) * 1.25)
  const red = channel(3, 3, (((more >> 9) & 63) / 63) * 1.25)
  const opacity = hasAlpha ? channel(5, 5, (hash[5]! >> 4) / 15) : []
  const base = {
    l: (head & 63) / 63,
    p: ((head >> 6) & 63) / 31.5 - 1,
    q: ((head >> 12) & 63) / 31.5 - 1,
    a: hasAlpha ? (hash[5]! & 15) / 15 : 1,
  }

  const ratio = columns / rows
  const width = Math.max(1, Math.round(ratio > 1 ? LONGEST : LONGEST * ratio))
  const height = Math.max(1, Math.round(ratio > 1 ? LONGEST / ratio : LONGEST))
  const [across, down] = [waves(width), waves(height)]
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (start: number, all: typeof lightness) =>
        all.reduce((sum, { cx, cy, value }) => sum + 2 * value * across[cx]![x]! * down[cy]![y]!, start)
      const [l, p, q, a] = [at(base.l, lightness), at(base.p, yellow), at(base.q, red), at(base.a, opacity)]
      const b = l - (2 / 3) * p
      const r = (3 * l - b + q) / 2
      data.set([r, r - q, b, a].map((part) => Math.max(0, Math.min(1, part)) * 255), (y * width + x) * 4)
    }
  }
  return { width, height, data }
}

/// The waves of a channel: a triangle of columns and rows, without the constant.
function terms(nx: number, ny: number): [cx: number, cy: number][] {
  const all: [number, number][] = []
  for (let cy = 0; cy < ny; cy++) for (let cx = cy ? 0 : 1; cx * ny < nx * (ny - cy); cx++) all.push([cx, cy])
  return all
}

/// The value of each cosine wave at each pixel.
const waves = (size: number) => Array.from({ length: 7 }, (_, wave) =>
  Array.from({ length: size }, (__, pixel) => Math.cos((Math.PI / size) * (pixel + 0.5) * wave)))

function bytesOf(base64: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  } catch {
    return null
  }
}
