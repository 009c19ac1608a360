/// How a picture is enlarged and moved in its window. Offsets are of the picture's middle from the window's, in pixels.

export interface View {
  scale: number
  x: number
  y: number
}

export interface Size {
  width: number
  height: number
}

export const WHOLE: View = { scale: 1, x: 0, y: 0 }
const MOST = 8

/// Enlarges by a factor so that what is at a point (from the window's middle) stays there.
export function zoomAt(view: View, factor: number, point: { x: number; y: number }): View {
  const scale = Math.min(MOST, Math.max(1, view.scale * factor))
  if (scale === 1) return WHOLE
  const by = scale / view.scale
  return { scale, x: point.x - (point.x - view.x) * by, y: point.y - (point.y - view.y) * by }
}

/// No edge of a picture goes further in than the window's; a picture smaller than the window stays in its middle.
export function within(view: View, picture: Size, frame: Size): View {
  const spare = (length: number, space: number) => Math.max(0, (length * view.scale - space) / 2)
  const limit = (offset: number, most: number) => (most === 0 ? 0 : Math.min(most, Math.max(-most, offset)))
  return {
    scale: view.scale,
    x: limit(view.x, spare(picture.width, frame.width)),
    y: limit(view.y, spare(picture.height, frame.height)),
  }
}
