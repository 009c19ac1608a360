//! What is said in the archive: sentences of words that nobody knows, in two scripts, a few of them said
//! often and most of them seldom, as in any language. A sentence follows from its number.

/// How many words there are of a script.
const WORDS: f64 = 20_000.0;

const LATIN: ([&str; 16], [&str; 5]) = (
    ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z"],
    ["a", "e", "i", "o", "u"],
);
const CYRILLIC: ([&str; 16], [&str; 5]) = (
    ["б", "в", "г", "д", "ж", "з", "к", "л", "м", "н", "п", "р", "с", "т", "х", "ш"],
    ["а", "е", "и", "о", "у"],
);

/// The words of a sentence that has at most so many bytes.
pub(crate) fn sentence(number: u64, length: usize) -> Vec<String> {
    let script = if number.is_multiple_of(2) { LATIN } else { CYRILLIC };
    let (mut words, mut left) = (Vec::new(), length);
    for place in 0.. {
        let word = word(script, rank(chance(number * 64 + place)));
        let Some(rest) = left.checked_sub(word.len() + usize::from(!words.is_empty())) else { break };
        left = rest;
        words.push(word);
    }
    words
}

/// Which word comes next: the tenth is said a tenth as often as the first.
fn rank(chance: f64) -> usize {
    WORDS.powf(chance) as usize - 1
}

/// The often said ones are short.
fn word((consonants, vowels): ([&str; 16], [&str; 5]), rank: usize) -> String {
    let syllables = match rank {
        0..200 => 2,
        200..4_000 => 3,
        _ => 4,
    };
    // Neighbours in rank are no neighbours in sound.
    let mut sound = rank * 7_919 + 4_321;
    let mut word = String::new();
    for _ in 0..syllables {
        word += consonants[sound % 16];
        word += vowels[sound / 16 % 5];
        sound /= 80;
    }
    word
}

/// From 0 to below 1, alike for the same number (SplitMix64).
fn chance(number: u64) -> f64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
