//! Base64 for URLs, as tokens use it.
//!
//! Role: strict reader and writer without padding.
//! Invariant: a text is read only if writing what was read gives the same text.
//! Not here: the expression `base64`.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What each byte stands for.
const SEXTETS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        table[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    table
};

/// It stands for nothing; no sextet has this bit.
const NONE: u8 = 0x80;

/// The bytes of a text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let mut groups = text.as_bytes().chunks_exact(4);
    for group in &mut groups {
        let [_, high, middle, low] = sextets(group)?.to_be_bytes();
        out.extend_from_slice(&[high, middle, low]);
    }
    let rest = groups.remainder();
    if rest.is_empty() {
        return Some(out);
    }
    // 2 or 3 sextets give 1 or 2 bytes. What is left over must be zero, or several texts would mean the same.
    let bits = sextets(rest)? << (6 * (4 - rest.len()));
    let [_, high, middle, low] = bits.to_be_bytes();
    match rest.len() {
        2 if middle == 0 && low == 0 => out.push(high),
        3 if low == 0 => out.extend_from_slice(&[high, middle]),
        _ => return None,
    }
    Some(out)
}

/// Up to four sextets as one number.
fn sextets(group: &[u8]) -> Option<u32> {
    let (mut bits, mut all) = (0, 0);
    for byte in group {
        let sextet = SEXTETS[usize::from(*byte)];
        all |= sextet;
        bits = bits << 6 | u32::from(sextet);
    }
    (all & NONE == 0).then_some(bits)
}

/// The text of bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * at) & 63) as usize;
            out.push(char::from(ALPHABET[index]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            let text = encode(&bytes[..length]);
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..length]));
        }
        assert_eq!(encode(b"light work."), "bGlnaHQgd29yay4");
    }

    #[test]
    fn only_one_text_means_the_same() {
        for text in ["A", "AB=", "AB==", "A+", "A/", "A B", "AB", "AAB", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode("AA"), Some(vec![0]));
    }
}
