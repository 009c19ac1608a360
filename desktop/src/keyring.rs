//! The keyring of the system: Secret Service, Credential Manager or Keychain.

use besedka_desktop_core::secrets::Keyring;

const SERVICE: &str = "Besedka";

pub struct SystemKeyring;

impl SystemKeyring {
    fn entry(account: u32) -> Result<::keyring::Entry, String> {
        if let Err(error) = ::keyring::Entry::store_status() {
            return Err(error.to_string());
        }
        ::keyring::Entry::new(SERVICE, &format!("account-{account}")).map_err(|error| error.to_string())
    }
}

impl Keyring for SystemKeyring {
    fn read(&self, account: u32) -> Result<Option<String>, String> {
        match Self::entry(account)?.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(::keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn write(&self, account: u32, secret: &str) -> Result<(), String> {
        Self::entry(account)?.set_password(secret).map_err(|error| error.to_string())
    }

    fn remove(&self, account: u32) -> Result<(), String> {
        match Self::entry(account)?.delete_credential() {
            Ok(()) | Err(::keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

// On Linux the app's own tests are driven with and without a keyring (`tests/keyring.test.mjs`).
#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn the_credential_manager_keeps_a_secret_until_it_is_removed() {
        let (keyring, account) = (SystemKeyring, u32::MAX);
        keyring.remove(account).unwrap();
        assert_eq!(keyring.read(account).unwrap(), None);
        for secret in ["один", "two"] {
            keyring.write(account, secret).unwrap();
            assert_eq!(keyring.read(account).unwrap().as_deref(), Some(secret));
        }
        keyring.remove(account).unwrap();
        assert_eq!(keyring.read(account).unwrap(), None);
    }
}
