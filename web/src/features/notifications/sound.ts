/// A short two-tone sound, made here: no file to load.

/// How long after one sound no other starts: several chats announced at once sound once.
const PAUSE_SECONDS = 1

let audio: AudioContext | null = null
/// When the next sound may start, in the time of `audio`, which stands still while the browser keeps it silent.
let next = 0

export function playSound(): void {
  try {
    audio ??= new AudioContext()
    // Browsers are silent until the page was pressed once.
    if (audio.state === 'suspended') void audio.resume()
    if (audio.currentTime < next) return
    next = audio.currentTime + PAUSE_SECONDS
    for (const [index, frequency] of [784, 1047].entries()) {
      const start = audio.currentTime + index * 0.09
      const tone = audio.createOscillator()
      const volume = audio.createGain()
      tone.frequency.value = frequency
      volume.gain.setValueAtTime(0, start)
      volume.gain.linearRampToValueAtTime(0.12, start + 0.01)
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.18)
      tone.connect(volume).connect(audio.destination)
      tone.start(start)
      tone.stop(start + 0.2)
    }
  } catch {
    // No audio device.
  }
}
