//! Bech32 (BIP 173), in which age writes keys.

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM: usize = 6;

/// The 32 bytes after a prefix in small letters and `1`; `None` if they are not that or the checksum is wrong.
pub(super) fn decode(text: &str, prefix: &str) -> Option<[u8; 32]> {
    let is_mixed =
        text.chars().any(|c| c.is_ascii_lowercase()) && text.chars().any(|c| c.is_ascii_uppercase());
    if is_mixed {
        return None;
    }
    let text = text.to_ascii_lowercase();
    let data = text.strip_prefix(prefix)?.strip_prefix('1')?;
    let value =
        |byte| ALPHABET.iter().position(|letter| *letter == byte).and_then(|at| u8::try_from(at).ok());
    let data: Vec<u8> = data.bytes().map(value).collect::<Option<_>>()?;
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let checked = high.chain([0]).chain(low).chain(data.iter().copied());
    if polymod(checked) != 1 {
        return None;
    }
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for value in &data[..data.len().checked_sub(CHECKSUM)?] {
        bits = bits << 5 | u32::from(*value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    // What fills the last value up is zero.
    let is_filled = count < 5 && bits & ((1 << count) - 1) == 0;
    bytes.try_into().ok().filter(|_| is_filled)
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let shifted = (sum & 0x1ff_ffff) << 5 ^ u32::from(value);
        let bits = GENERATOR.iter().enumerate().filter(|(bit, _)| sum >> 25 >> bit & 1 == 1);
        bits.fold(shifted, |sum, (_, generator)| sum ^ generator)
    })
}
