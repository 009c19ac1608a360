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
