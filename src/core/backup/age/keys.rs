//! Recipients, for whom backups are encrypted, and identities, the keys that open them.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::error::Unspecified;

use super::bech32;

/// A public key: `age1…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipient(pub(super) [u8; 32]);

impl Recipient {
    pub(in crate::backup) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            return Err("this is a secret key: name the public key that belongs to it, age1…".to_owned());
        }
        match bech32::decode(text, "age") {
            Some(key) => Ok(Self(key)),
            None => {
                Err("it must be a public key that age-keygen printed, age1… with 62 characters".to_owned())
            }
        }
    }
}

/// Public keys as they are written in settings: one key, or a file with one in each line.
#[derive(Debug, Clone, Default)]
pub struct Recipients(pub Vec<Recipient>);

impl FromStr for Recipients {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_key = text.starts_with("age1") || text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-");
        if is_key && !Path::new(text).exists() {
            return Ok(Self(vec![text.parse()?]));
        }
        let content = std::fs::read_to_string(text)
            .map_err(|error| format!("it is neither a public key, age1…, nor a file of them: {error}"))?;
        let mut keys = Vec::new();
        for (number, line) in lines(&content) {
            keys.push(line.parse().map_err(|why| format!("line {number} of the file: {why}"))?);
        }
        if keys.is_empty() {
            return Err("the file contains no public key".to_owned());
        }
        Ok(Self(keys))
    }
}

/// The numbered lines with a key.
fn lines(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = content.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// A secret key: `AGE-SECRET-KEY-1…`.
pub struct Identity {
    key: PrivateKey,
    public: [u8; 32],
}

impl Identity {
    fn new(key: PrivateKey) -> Result<Self, Unspecified> {
        let public = key.compute_public_key()?.as_ref().try_into().map_err(|_| Unspecified)?;
        Ok(Self { key, public })
    }

    /// A new key.
    pub(super) fn random() -> Result<Self, Unspecified> {
        Self::new(PrivateKey::generate(&X25519)?)
    }

    pub(super) fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The secret that is shared with the owner of a public key.
    pub(super) fn shared(&self, public: &[u8]) -> Result<[u8; 32], Unspecified> {
        let peer = UnparsedPublicKey::new(&X25519, public);
        agree(&self.key, peer, Unspecified, |shared| shared.try_into().map_err(|_| Unspecified))
    }
}

impl FromStr for Identity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it must be a secret key that age-keygen made, AGE-SECRET-KEY-1…".to_owned();
        let secret = bech32::decode(text.trim(), "age-secret-key-").ok_or_else(wrong)?;
        let key = PrivateKey::from_private_key(&X25519, &secret).map_err(|_| wrong())?;
        Self::new(key).map_err(|_| wrong())
    }
}

/// Keys that open encrypted backups.
#[derive(Clone, Default)]
pub struct Identities(Arc<[Identity]>);

impl Identities {
    /// Reads files that age-keygen made. The error is a sentence that names the file.
    pub fn of_files(files: &[impl AsRef<Path>]) -> Result<Self, String> {
        let mut all = Vec::new();
        for file in files {
            let shown = file.as_ref().display();
            let text = std::fs::read(file).map_err(|error| format!("{shown} can't be read: {error}"))?;
            all.extend(identities(&text).map_err(|why| format!("{shown} contains no usable key: {why}"))?);
        }
        Ok(all.into_iter().collect())
    }

    #[cfg(test)]
    pub(super) fn read(text: &str) -> Result<Self, String> {
        Ok(identities(text.as_bytes())?.into_iter().collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Identity> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Identity> for Identities {
    fn from_iter<T: IntoIterator<Item = Identity>>(identities: T) -> Self {
        Self(identities.into_iter().collect())
    }
}

fn identities(text: &[u8]) -> Result<Vec<Identity>, String> {
    if text.starts_with(b"age-encryption.org/") || text.starts_with(b"-----BEGIN AGE") {
        return Err("it is encrypted itself; decrypt it with `age --decrypt` first".to_owned());
    }
    let text = std::str::from_utf8(text).map_err(|_| "it is not text".to_owned())?;
    let read = |(number, line): (usize, &str)| {
        line.parse::<Identity>().map_err(|why| format!("line {number}: {why}"))
    };
    let identities: Vec<Identity> = lines(text).map(read).collect::<Result<_, _>>()?;
    match identities.is_empty() {
        true => Err("it has no line AGE-SECRET-KEY-1…".to_owned()),
        false => Ok(identities),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    const IDENTITY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    #[test]
    fn a_secret_key_and_its_public_key_are_read() {
        let identity: Identity = IDENTITY.parse().unwrap();
        assert_eq!(&RECIPIENT.parse::<Recipient>().unwrap().0, identity.public());
    }

    #[test]
    fn what_is_no_key_is_said_without_repeating_a_secret() {
        let changed = RECIPIENT.replace("zvkyg", "zvkyq");
        for wrong in ["", "age1", &changed, &RECIPIENT[..61], "age1pq1zvkyg", "ssh-ed25519 AAAA"] {
            assert!(wrong.parse::<Recipient>().is_err(), "{wrong}");
        }
        let secret = IDENTITY.parse::<Recipients>().unwrap_err();
        assert!(secret.contains("secret key") && !secret.contains(IDENTITY), "{secret}");
        assert!("/nowhere/keys".parse::<Recipients>().unwrap_err().contains("neither"));
        for wrong in
            ["", "# nothing", RECIPIENT, "AGE-SECRET-KEY-1GFPYY", "-----BEGIN AGE ENCRYPTED FILE-----"]
        {
            assert!(Identities::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_of_recipients_has_one_in_each_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("team");
        std::fs::write(&file, format!("# the team\n{RECIPIENT}\n\n  {RECIPIENT}\n")).unwrap();
        let read: Recipients = file.to_str().unwrap().parse().unwrap();
        assert_eq!(read.0.len(), 2);
        std::fs::write(&file, format!("{RECIPIENT}\nbob\n")).unwrap();
        let wrong = file.to_str().unwrap().parse::<Recipients>().unwrap_err();
        assert!(wrong.contains("line 2"), "{wrong}");
    }
}
