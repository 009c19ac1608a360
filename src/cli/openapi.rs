//! `besedka openapi`: the OpenAPI and AsyncAPI documents, as files.

use std::path::PathBuf;

use clap::Args;

use super::Failure;

#[derive(Args)]
pub(super) struct Openapi {
    /// The folder to write to.
    #[arg(long, default_value = "openapi")]
    write: PathBuf,
}

impl Openapi {
    pub(super) fn run(self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.write)?;
        for (name, text) in besedka_api::documents() {
            std::fs::write(self.write.join(name), text)?;
        }
        Ok(())
    }
}
