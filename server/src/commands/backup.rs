//! `fastgate backup FILE`: a copy of the embedded database while gateways use it.

use super::CommandError;
use crate::config::Config;
use crate::db::backup;
use std::io::{self, Write as _};
use std::path::Path;

/// Copies, and says what else belongs to a backup.
///
/// # Errors
/// See [`backup::BackupError`].
pub fn write(config: &Config, file: &Path) -> Result<(), CommandError> {
    let bytes = backup::write(&config.database, file)?;
    writeln!(io::stdout(), "{}: {bytes} bytes", file.display())?;
    if config.security.master_key.is_none() {
        writeln!(
            io::stderr(),
            "Keep the key file {}.key as well, elsewhere: without it the routes' credentials in this backup are lost.",
            config.database.sqlite_path.display()
        )?;
    }
    Ok(())
}
