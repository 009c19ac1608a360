//! Sounds and films: how long, how loud, how large. Films are not decoded, only their containers are read.

use std::time::{Duration, Instant};

use ruopus::OpusDecoder;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Time, TimeBase};

use super::facts::Source;
use super::turned;
use crate::model::Facts;

/// How many bars a sound has at most.
const BARS: usize = 64;
/// How long a moment is: loudness is kept for each.
const MOMENT_MS: i64 = 20;
/// The longest sound that is decoded: longer than any voice message.
const LONGEST: i64 = 20 * 60 * 1_000;
/// How long decoding may take; then the sound has no bars.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take to find the end of a recording that does not say how long it is.
const LAST_PATIENCE: Duration = Duration::from_secs(8);
/// At which rate Opus is heard: what is higher makes no voice louder.
const OPUS_RATE: u32 = 16_000;

/// What is known of a recording; of a format that is not read here, nothing.
pub(super) fn look(mut file: Source) -> Facts {
    let is_turned = turned::is_turned(&mut file).unwrap_or(false);
    let stream = MediaSourceStream::new(file, Default::default());
    let probe = symphonia::default::get_probe();
    let Ok(mut format) = probe.probe(&Hint::new(), stream, Default::default(), Default::default()) else {
        return Facts::default();
    };
    let mut facts = Facts::default();
    if let Some((width, height)) = film(&*format) {
        (facts.width, facts.height) = if is_turned { (height, width) } else { (width, height) };
        facts.duration_ms = duration(&*format).or_else(|| run_through(&mut *format, None).end);
        return facts;
    }
    facts.duration_ms = duration(&*format);
    let ear = facts.duration_ms.is_none_or(|length| length <= LONGEST).then(|| Ear::new(&*format)).flatten();
    if ear.is_some() || facts.duration_ms.is_none() {
        let heard = run_through(&mut *format, ear);
        facts.duration_ms = facts.duration_ms.or(heard.end);
        facts.waveform = heard.bars();
    }
    facts
}

/// Width and height of the film in it.
fn film(format: &dyn FormatReader) -> Option<(Option<i64>, Option<i64>)> {
    let track = format.first_track(TrackType::Video)?;
    let video = track.codec_params.as_ref().and_then(CodecParameters::video)?;
    let pixels = |side: Option<u16>| side.filter(|side| *side > 0).map(i64::from);
    Some((pixels(video.width), pixels(video.height)))
}

/// How long the container says that it is.
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

/// What was heard on the way to the end.
#[derive(Default)]
struct Heard {
    /// When the last packet ends; nothing when the end was not reached.
    end: Option<i64>,
    /// How loud each moment is; nothing when too much could not be decoded.
    moments: Option<Vec<f32>>,
}

/// Reads all packets, and listens to those of the ear's track.
fn run_through(format: &mut dyn FormatReader, mut ear: Option<Ear>) -> Heard {
    let started = Instant::now();
    let mut end = 0;
    // A broken packet is the end of it, as it is for a player.
    while let Ok(Some(packet)) = format.next_packet() {
        if started.elapsed() > LAST_PATIENCE {
            return Heard::default();
        }
        let base = format.tracks().iter().find(|track| track.id == packet.track_id);
        let Some(base) = base.and_then(|track| track.time_base) else { continue };
        let Some(start) = base.calc_time(packet.pts).and_then(milliseconds) else { continue };
        let mut length = base.calc_duration(packet.dur).and_then(milliseconds).unwrap_or_default();
        if ear.as_ref().is_some_and(|_| started.elapsed() > PATIENCE || end > LONGEST) {
            ear = None;
        }
        if let Some(ear) = ear.as_mut().filter(|ear| ear.track == packet.track_id) {
            // Not every container says how long a packet is.
            length = length.max(ear.listen(&packet, start));
        }
        end = end.max(start.saturating_add(length));
    }
    Heard { end: Some(end).filter(|end| *end > 0), moments: ear.map(|ear| ear.moments) }
}

/// Listens to one track.
struct Ear {
    track: u32,
    voice: Voice,
    moments: Vec<f32>,
    samples: Vec<f32>,
}

enum Voice {
    Opus(Box<OpusDecoder>),
    Other(Box<dyn AudioDecoder>),
}

impl Ear {
    /// For the first sound, when it can be decoded.
    fn new(format: &dyn FormatReader) -> Option<Self> {
        let track = format.default_track(TrackType::Audio)?;
        let codec = track.codec_params.as_ref()?.audio()?;
        Some(Self { track: track.id, voice: voice(codec)?, moments: Vec::new(), samples: Vec::new() })
    }

    /// Hears one packet, and says for how many milliseconds.
    fn listen(&mut self, packet: &Packet, start: i64) -> i64 {
        self.samples.clear();
        let (frames, rate) = match &mut self.voice {
            Voice::Opus(decoder) => {
                self.samples.extend(decoder.decode_packet(&packet.data).unwrap_or_default());
                (self.samples.len(), OPUS_RATE)
            }
            Voice::Other(decoder) => match decoder.decode(packet) {
                Ok(decoded) => {
                    decoded.copy_to_vec_interleaved(&mut self.samples);
                    (decoded.frames(), decoded.spec().rate())
                }
                Err(_) => (0, 1),
            },
        };
        let length = i64::try_from(frames as u64 * 1_000 / u64::from(rate.max(1))).unwrap_or_default();
        // A packet may be longer than a moment, and begin within one.
        let first = usize::try_from(start.clamp(0, LONGEST) / MOMENT_MS).unwrap_or_default();
        let parts = usize::try_from((length.clamp(1, LONGEST) + MOMENT_MS - 1) / MOMENT_MS).unwrap_or(1);
        if self.samples.len() < parts {
            return length;
        }
        if self.moments.len() < first + parts {
            self.moments.resize(first + parts, 0.0);
        }
        for part in 0..parts {
            let samples = &self.samples[part_of(self.samples.len(), part, parts)];
            let power: f32 = samples.iter().map(|sample| sample * sample).sum();
            let loudness = (power / samples.len() as f32).sqrt();
            let moment = &mut self.moments[first + part];
            *moment = moment.max(loudness);
        }
        length
    }
}

/// Where one of some equal parts is.
fn part_of(length: usize, part: usize, parts: usize) -> std::ops::Range<usize> {
    part * length / parts..(part + 1) * length / parts
}

fn voice(codec: &AudioCodecParameters) -> Option<Voice> {
    if codec.codec == CODEC_ID_OPUS {
        // Both sides of a stereo sound come as one.
        return Some(Voice::Opus(Box::new(OpusDecoder::with_rate(OPUS_RATE, 1))));
    }
    let decoders = symphonia::default::get_codecs();
    decoders.make_audio_decoder(codec, &AudioDecoderOptions::default()).ok().map(Voice::Other)
}

impl Heard {
    /// The loudest moment is 100; of silence, nothing is.
    fn bars(&self) -> Option<Vec<u8>> {
        let moments = self.moments.as_ref().filter(|moments| !moments.is_empty())?;
        let loudest = moments.iter().copied().fold(0.0, f32::max);
        let bars = moments.len().min(BARS);
        let bar = |index: usize| {
            let part = &moments[part_of(moments.len(), index, bars)];
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

    fn facts(file: Vec<u8>) -> Facts {
        look(Box::new(Cursor::new(file)))
    }

    #[test]
    fn a_sound_tells_how_long_and_how_loud_it_is() {
        for (name, file) in [
            ("wav", wav(&voices())),
            ("music in opus", ruopus::encode_ogg_opus(&voices(), 1, 64_000)),
            ("a voice in opus", ruopus::encode_ogg_opus(&voices(), 1, 16_000)),
        ] {
            let facts = facts(file);
            let length = facts.duration_ms.unwrap();
            assert!((990..=1_030).contains(&length), "{name} {length}");
            let bars = facts.waveform.unwrap();
            assert!((40..=BARS).contains(&bars.len()), "{name} {}", bars.len());
            let (low, loud) = (&bars[3..bars.len() / 2 - 3], &bars[bars.len() / 2 + 3..bars.len() - 3]);
            assert!(low.iter().all(|bar| *bar < 15), "{name} {bars:?}");
            assert!(loud.iter().all(|bar| *bar > 40), "{name} {bars:?}");
            assert_eq!((facts.width, facts.height, facts.thumbnail), (None, None, None));
        }
    }

    #[test]
    fn silence_has_a_flat_line() {
        let facts = facts(wav(&[0.0; 48_000]));
        assert_eq!(facts.duration_ms, Some(1_000));
        assert!(facts.waveform.unwrap().iter().all(|bar| *bar == 0));
    }

    #[test]
    fn nothing_is_said_of_what_is_no_recording() {
        for file in [
            &b""[..],
            b"OggS\0\x02 a voice",
            b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom a film",
            b"\x1a\x45\xdf\xa3",
        ] {
            assert_eq!(facts(file.to_vec()), Facts::default());
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_recording_it_ends() {
        let whole = ruopus::encode_ogg_opus(&voices()[..9_600], 1, 32_000);
        for wrong in 0..whole.len() {
            let mut file = whole.clone();
            file[wrong] ^= 0xff;
            facts(file);
            facts(whole[..wrong].to_vec());
        }
    }
}
