//! `fastgate rotate-master-key`: where the new key comes from, and what the operator has to do afterwards. The rotation
//! itself is in the `secrets` room.

use super::CommandError;
use crate::cli::NewMasterKey;
use crate::config::Loaded;
use crate::db::Db;
use crate::secrets::{self, MasterKey};
use secrecy::ExposeSecret as _;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Rotates, and says what was done and what is left to do.
///
/// # Errors
/// When there is no new key to take, or [`secrets::rotate`] fails.
pub async fn rotate(loaded: &Loaded, new: NewMasterKey) -> Result<(), CommandError> {
    let new = match (new.file, new.key) {
        (Some(file), _) => Some(key_of(&file.display().to_string(), &read(&file)?)?),
        (None, Some(key)) => Some(key_of("FASTGATE_NEW_MASTER_KEY", key.expose_secret())?),
        (None, None) => None,
    };
    let db = Db::open(&loaded.config.database)?;
    let rotated = secrets::rotate(&loaded.config, &db, new).await?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "encrypted anew: {} routes, {} changes in the history",
        rotated.routes, rotated.changes
    )?;
    if rotated.unreadable > 0 {
        writeln!(
            out,
            "left as they are: {} changes that could not be read before",
            rotated.unreadable
        )?;
    }
    match &loaded.config.security.master_key {
        Some(_) => writeln!(
            out,
            "The old key opens nothing any more. Now put the new one in the place of security.master_key ({}) and restart each gateway on this database.",
            loaded.origin("security.master_key")
        )?,
        None => writeln!(
            out,
            "The key file holds the new key. A gateway that runs takes it at a SIGHUP or a restart, and refuses changes until then. Backups from before need the key file of their time."
        )?,
    }
    Ok(())
}

fn key_of(place: &str, text: &str) -> Result<MasterKey, CommandError> {
    let malformed = || CommandError::Unknown(format!("{place} must be 64 hexadecimal digits (256 bits)"));
    MasterKey::from_hex(text).ok_or_else(malformed)
}

fn read(file: &Path) -> Result<Zeroizing<String>, CommandError> {
    let mut text = Zeroizing::new(String::new());
    let read = match file.to_str() {
        Some("-") => io::stdin().read_to_string(&mut text).map(drop),
        _ => std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text).map(drop)),
    };
    match read {
        Ok(()) => Ok(text),
        Err(error) => Err(CommandError::Unknown(format!(
            "{} cannot be read: {error}",
            file.display()
        ))),
    }
}
