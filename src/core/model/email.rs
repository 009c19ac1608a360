//! E-mail addresses: which spellings are one mailbox.

use url::Host;

use super::fold;

/// A domain as mail servers know it: in A-labels and small letters. `None` for what can't be one.
pub fn ascii_domain(domain: &str) -> Option<String> {
    // The parser of hosts decodes percent signs, and takes numbers for addresses.
    match Host::parse(domain) {
        Ok(Host::Domain(name)) if !domain.contains('%') => Some(name),
        _ => None,
    }
}

/// An address with its domain in A-labels, as it is written in envelopes and headers. One in ASCII stays as it is.
pub fn with_ascii_domain(address: &str) -> String {
    let parts = address.trim().rsplit_once('@').filter(|(_, domain)| !domain.is_ascii());
    let parts = parts.and_then(|(local, domain)| Some((local, ascii_domain(domain)?)));
    parts.map_or_else(|| address.trim().to_owned(), |(local, domain)| format!("{local}@{domain}"))
}

/// What mail servers compare by. The part before the @ is compared without regard to case, as all common servers do.
pub fn mailbox(address: &str) -> String {
    with_ascii_domain(address).to_lowercase()
}

/// What accounts are told apart by: addresses that look alike are one, and so are the two spellings of a domain.
pub fn email_key(address: &str) -> String {
    match address.trim().rsplit_once('@') {
        Some((local, domain)) => match ascii_domain(domain) {
            Some(domain) => format!("{}@{domain}", fold(local)),
            None => fold(address),
        },
        None => fold(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_has_one_key() {
        for (written, key) in [
            ("Ann@Example.COM", "ann@example.com"),
            (" ann@example.com ", "ann@example.com"),
            ("анна@Пример.РФ", "анна@xn--e1afmkfd.xn--p1ai"),
            ("анна@xn--E1AFMKFD.xn--p1ai", "анна@xn--e1afmkfd.xn--p1ai"),
            ("josé@example.com", "jose@example.com"),
            ("ann@müller.de", "ann@xn--mller-kva.de"),
            ("ann@muller.de", "ann@muller.de"),
            ("ann", "ann"),
            ("a@b%41.org", "a@b%41.org"),
        ] {
            assert_eq!(email_key(written), key, "{written}");
        }
    }

    #[test]
    fn envelopes_have_a_labels() {
        assert_eq!(with_ascii_domain("Ann@пример.рф"), "Ann@xn--e1afmkfd.xn--p1ai");
        assert_eq!(with_ascii_domain("Ann@Example.com"), "Ann@Example.com");
        assert_eq!(mailbox("Ann@ПРИМЕР.рф"), "ann@xn--e1afmkfd.xn--p1ai");
    }
}
