//! Audio and video: duration, waveform, dimensions. Video is not decoded; only its container is read.

use std::io::Seek;
use std::time::{Duration, Instant};

use ruopus::OpusDecoder;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Time, TimeBase};

use super::film;
use super::source::Source;
use crate::model::MediaMetadata;

/// The most bars of a waveform.
const BARS: usize = 64;
/// The length of the windows whose loudness is measured.
const WINDOW_MS: i64 = 20;
/// The longest audio that is decoded, in milliseconds: longer than any voice message.
const MAX_DECODED_MS: i64 = 20 * 60 * 1_000;
/// The longest packet: Opus has up to 120 ms.
const MAX_PACKET_MS: u64 = 150;
/// A longer recording is taken for a mistake, in milliseconds.
const MAX_LENGTH_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// How many recordings of one file, one behind the other, are read.
const MAX_RECORDINGS: usize = 1_000;
/// How long decoding may take; after that there is no waveform.
const DECODE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long reading a file without a declared duration to its end may take.
const SCAN_TIMEOUT: Duration = Duration::from_secs(8);
/// The sample rate at which Opus is decoded, in Hz: higher frequencies add nothing to the loudness of speech.
const OPUS_RATE: u32 = 16_000;

/// The metadata of a recording; empty for an unsupported format.
pub(super) fn extract(mut file: Source) -> MediaMetadata {
    let film = film::read(&mut file);
    if file.rewind().is_err() {
        return MediaMetadata::default();
    }
    let mut metadata = MediaMetadata::default();
    if let Some(film) = film {
        (metadata.width, metadata.height) = (Some(film.width), Some(film.height));
        metadata.duration_ms = film.duration_ms;
        if film.duration_ms.is_some() {
            return metadata;
        }
    }
    let stream = MediaSourceStream::new(file, Default::default());
    let probe = symphonia::default::get_probe();
    let Ok(mut format) = probe.probe(&Hint::new(), stream, Default::default(), Default::default()) else {
        return metadata;
    };
    let declared = duration(&*format);
    if film.is_some() || format.first_track(TrackType::Video).is_some() {
        if let (None, Some((width, height))) = (film, video_size(&*format)) {
            (metadata.width, metadata.height) = (width, height);
        }
        metadata.duration_ms = declared.or_else(|| read_to_end(&mut *format, None).end_ms);
        return metadata;
    }
    // The length of MP3 and ADTS is a guess by the first packets.
    let is_guess = matches!(format.format_info().short_name, "mp1" | "mp2" | "mp3" | "aac");
    if !is_guess && declared.is_some_and(|length| length > MAX_DECODED_MS) {
        metadata.duration_ms = declared;
        return metadata;
    }
    let meter = LoudnessMeter::new(&*format);
    let scan = read_to_end(&mut *format, meter);
    metadata.duration_ms = match (declared, scan.end_ms) {
        // Exact to the sample, where what was measured is exact to the packet.
        (Some(declared), Some(end)) if declared.abs_diff(end) <= MAX_PACKET_MS => Some(declared),
        (declared, None) => declared.filter(|_| !is_guess),
        (_, end) => end,
    };
    metadata.waveform = scan.waveform();
    metadata
}

/// Width and height of the video track; `None` when there is none.
fn video_size(format: &dyn FormatReader) -> Option<(Option<i64>, Option<i64>)> {
    let track = format.first_track(TrackType::Video)?;
    let video = track.codec_params.as_ref().and_then(CodecParameters::video)?;
    let pixels = |side: Option<u16>| side.filter(|side| *side > 0).map(i64::from);
    Some((pixels(video.width), pixels(video.height)))
}

/// The duration that the container declares, in milliseconds.
fn duration(format: &dyn FormatReader) -> Option<i64> {
    let whole = format.media_info();
    let whole = whole.time_base.zip(whole.duration);
    let longest = format.tracks().iter().filter_map(|track| track.time_base.zip(track.duration));
    let length = |(base, duration): (TimeBase, _)| base.calc_duration(duration).and_then(milliseconds);
    whole.and_then(length).or_else(|| longest.filter_map(length).max()).filter(|length| *length > 0)
}

fn milliseconds(time: Time) -> Option<i64> {
    i64::try_from(time.as_millis()).ok()
}

/// The result of reading a recording to its end.
#[derive(Default)]
struct Scan {
    /// When the last packet ends; `None` when the end was not reached.
    end_ms: Option<i64>,
    /// The loudness of each window; `None` when decoding was given up.
    windows: Option<Vec<f32>>,
}

/// Reads all packets and measures those of the meter's track.
fn read_to_end(format: &mut dyn FormatReader, mut meter: Option<LoudnessMeter>) -> Scan {
    let started = Instant::now();
    // Where the last packet ends, and where the current one of several recordings in a file begins.
    let (mut end, mut begin): (i64, i64) = (0, 0);
    let mut recordings = 1;
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            // Another recording follows in the same file.
            Err(Error::ResetRequired) if recordings < MAX_RECORDINGS => {
                recordings += 1;
                begin = end;
                meter = meter.and_then(|meter| meter.continued(format));
                continue;
            }
            // A broken packet ends the recording, as it does for a player.
            _ => break,
        };
        if started.elapsed() > SCAN_TIMEOUT {
            return Scan::default();
        }
        let base = format.tracks().iter().find(|track| track.id == packet.track_id);
        let Some(base) = base.and_then(|track| track.time_base) else { continue };
        let Some(start) = base.calc_time(packet.pts).and_then(milliseconds) else { continue };
        let start = begin.saturating_add(start);
        let mut length = base.calc_duration(packet.dur).and_then(milliseconds).unwrap_or_default();
        if meter.is_some() && (started.elapsed() > DECODE_TIMEOUT || end > MAX_DECODED_MS) {
            meter = None;
        }
        if let Some(meter) = meter.as_mut().filter(|meter| meter.track == packet.track_id) {
            // Not every container declares the duration of packets.
            let measured = meter.measure(&packet, start);
            if length == 0 {
                length = measured;
            }
        }
        end = end.max(start.saturating_add(length));
    }
    let is_possible = (1..=MAX_LENGTH_MS).contains(&end);
    Scan { end_ms: Some(end).filter(|_| is_possible), windows: meter.map(|meter| meter.windows) }
}

/// Decodes one track and measures its loudness.
struct LoudnessMeter {
    track: u32,
    decoder: Decoder,
    /// The root mean square of the samples of each window.
    windows: Vec<f32>,
    samples: Vec<f32>,
}

enum Decoder {
    Opus(Box<OpusDecoder>),
    Other(Box<dyn AudioDecoder>),
}

impl LoudnessMeter {
    /// For the default audio track; `None` when it can't be decoded.
    fn new(format: &dyn FormatReader) -> Option<Self> {
        let track = format.default_track(TrackType::Audio)?;
        let codec = track.codec_params.as_ref()?.audio()?;
        Some(Self { track: track.id, decoder: decoder(codec)?, windows: Vec::new(), samples: Vec::new() })
    }

    /// For the next recording of the same file.
    fn continued(self, format: &dyn FormatReader) -> Option<Self> {
        Some(Self { windows: self.windows, ..Self::new(format)? })
    }

    /// Measures one packet and returns its duration in milliseconds.
    fn measure(&mut self, packet: &Packet, start: i64) -> i64 {
        self.samples.clear();
        let (frames, rate) = match &mut self.decoder {
            Decoder::Opus(decoder) => {
                self.samples.extend(decoder.decode_packet(&packet.data).unwrap_or_default());
                (self.samples.len(), OPUS_RATE)
            }
            Decoder::Other(decoder) => match decoder.decode(packet) {
                Ok(decoded) => {
                    decoded.copy_to_vec_interleaved(&mut self.samples);
                    (decoded.frames(), decoded.spec().rate())
                }
                Err(_) => (0, 1),
            },
        };
        let length = i64::try_from(frames as u64 * 1_000 / u64::from(rate.max(1))).unwrap_or_default();
        // A packet may span several windows and begin within one.
        let first = usize::try_from(start.clamp(0, MAX_DECODED_MS) / WINDOW_MS).unwrap_or_default();
        let parts =
            usize::try_from((length.clamp(1, MAX_DECODED_MS) + WINDOW_MS - 1) / WINDOW_MS).unwrap_or(1);
        if self.samples.len() < parts {
            return length;
        }
        if self.windows.len() < first + parts {
            self.windows.resize(first + parts, 0.0);
        }
        for part in 0..parts {
            let samples = &self.samples[part_of(self.samples.len(), part, parts)];
            let power: f32 = samples.iter().map(|sample| sample * sample).sum();
            let loudness = (power / samples.len() as f32).sqrt();
            let window = &mut self.windows[first + part];
            *window = window.max(loudness);
        }
        length
    }
}

/// The range of one of `parts` equal parts.
fn part_of(length: usize, part: usize, parts: usize) -> std::ops::Range<usize> {
    part * length / parts..(part + 1) * length / parts
}

fn decoder(codec: &AudioCodecParameters) -> Option<Decoder> {
    if codec.codec == CODEC_ID_OPUS {
        // More than two channels are several streams in each packet, which this decoder does not split.
        if codec.channels.as_ref().is_some_and(|channels| channels.count() > 2) {
            return None;
        }
        // Stereo is mixed down to one channel.
        return Some(Decoder::Opus(Box::new(OpusDecoder::with_rate(OPUS_RATE, 1))));
    }
    let decoders = symphonia::default::get_codecs();
    decoders.make_audio_decoder(codec, &AudioDecoderOptions::default()).ok().map(Decoder::Other)
}

impl Scan {
    /// The waveform as bars of 0 to 100, where the loudest window is 100; all 0 for silence.
    fn waveform(&self) -> Option<Vec<u8>> {
        let windows = self.windows.as_ref().filter(|windows| !windows.is_empty())?;
        let loudest = windows.iter().copied().fold(0.0, f32::max);
        let bars = windows.len().min(BARS);
        let bar = |index: usize| {
            let part = &windows[part_of(windows.len(), index, bars)];
            let loud = part.iter().copied().fold(0.0, f32::max);
            if loudest > 0.0 { (loud / loudest * 100.0).round() as u8 } else { 0 }
        };
        Some((0..bars).map(bar).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Half a second of a low voice, then as long of a loud one, at 48 kHz.
    fn voices() -> Vec<f32> {
        let loud = |moment: usize| if moment < 24_000 { 0.02 } else { 0.8 };
        (0..48_000).map(|moment| loud(moment) * (moment as f32 * 440.0 * 0.000_131).sin()).collect()
    }

    fn wav(samples: &[f32]) -> Vec<u8> {
        let samples: Vec<u8> =
            samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()).collect();
        let size = samples.len() as u32;
        [
            b"RIFF",
            &(36 + size).to_le_bytes()[..],
            b"WAVEfmt \x10\0\0\0\x01\0\x01\0",
            &48_000_u32.to_le_bytes(),
            &96_000_u32.to_le_bytes(),
            b"\x02\0\x10\0data",
            &size.to_le_bytes(),
            &samples,
        ]
        .concat()
    }

    /// The same in AIFF, as Apple's programs write it.
    fn aiff(samples: &[f32]) -> Vec<u8> {
        let samples: Vec<u8> =
            samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_be_bytes()).collect();
        let size = samples.len() as u32;
        [
            b"FORM",
            &(46 + size).to_be_bytes()[..],
            b"AIFFCOMM\0\0\0\x12\0\x01",
            &(size / 2).to_be_bytes(),
            // 48,000 Hz as a number of 80 bits.
            b"\0\x10\x40\x0e\xbb\x80\0\0\0\0\0\0SSND",
            &(8 + size).to_be_bytes(),
            &[0; 8],
            &samples,
        ]
        .concat()
    }

    fn metadata(file: Vec<u8>) -> MediaMetadata {
        extract(Box::new(Cursor::new(file)))
    }

    #[test]
    fn a_sound_tells_how_long_and_how_loud_it_is() {
        for (name, file) in [
            ("wav", wav(&voices())),
            ("aiff", aiff(&voices())),
            ("music in opus", ruopus::encode_ogg_opus(&voices(), 1, 64_000)),
            ("a voice in opus", ruopus::encode_ogg_opus(&voices(), 1, 16_000)),
        ] {
            let metadata = metadata(file);
            let length = metadata.duration_ms.unwrap();
            assert!((990..=1_030).contains(&length), "{name} {length}");
            let bars = metadata.waveform.unwrap();
            assert!((40..=BARS).contains(&bars.len()), "{name} {}", bars.len());
            let (low, loud) = (&bars[3..bars.len() / 2 - 3], &bars[bars.len() / 2 + 3..bars.len() - 3]);
            assert!(low.iter().all(|bar| *bar < 15), "{name} {bars:?}");
            assert!(loud.iter().all(|bar| *bar > 40), "{name} {bars:?}");
            assert_eq!((metadata.width, metadata.height, metadata.thumbnail), (None, None, None));
        }
    }

    #[test]
    fn silence_has_a_flat_line() {
        let metadata = metadata(wav(&[0.0; 48_000]));
        assert_eq!(metadata.duration_ms, Some(1_000));
        assert!(metadata.waveform.unwrap().iter().all(|bar| *bar == 0));
    }

    #[test]
    fn nothing_is_said_of_what_is_no_recording() {
        for file in [
            &b""[..],
            b"OggS\0\x02 a voice",
            b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom a film",
            b"\x1a\x45\xdf\xa3",
        ] {
            assert_eq!(metadata(file.to_vec()), MediaMetadata::default());
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_recording_it_ends() {
        let whole = ruopus::encode_ogg_opus(&voices()[..9_600], 1, 32_000);
        for wrong in 0..whole.len() {
            let mut file = whole.clone();
            file[wrong] ^= 0xff;
            metadata(file);
            metadata(whole[..wrong].to_vec());
        }
    }
}
