//! The places where records wait or leave as files: the spill file while the database is locked, and a sheet.

use super::{ADMIN_TOKEN, Aviary, traffic};
use crate::support::database::WriteLock;
use crate::support::process::PATIENCE;
use fastgate::config::Database;
use std::fs;
use std::io::Read as _;
use std::time::{Duration, Instant};

/// Traffic while nobody may write: everything that was recorded of it waits in a file, in clear.
pub async fn spilled(aviary: &mut Aviary, key: &str) {
    let data = aviary.gateway.folder.path().join("data");
    let database = Database {
        sqlite_path: data.join("fastgate.db"),
        ..Database::default()
    };
    let lock = WriteLock::of(&database);
    traffic(aviary, key).await;
    let begun = Instant::now();
    let spilled = loop {
        let spilled = fs::read(data.join("fastgate.db.spill")).unwrap_or_default();
        // The last thing that `traffic` sends well-formed.
        if memchr::memmem::find(&spilled, b"/open/x/200").is_some() {
            break spilled;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing waits in the file");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    aviary.silence.check("the spill file", &spilled);
    drop(lock);
}

/// The log as a sheet: a compressed archive, so it is unpacked first.
pub async fn sheet(aviary: &mut Aviary, fields: &str) {
    let url = format!("{}/admin/logs/export?format=xlsx&fields={fields}", aviary.gateway.url);
    let response = Aviary::client().get(url).bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let text = unpacked(&response.bytes().await.unwrap());
    assert!(text.contains("/v1/chat/200"), "{text}");
    aviary.answers.push(("a sheet".to_owned(), text));
}

/// The content of all files of a ZIP archive (APPNOTE 4.3.7: a local header in front of each).
fn unpacked(archive: &[u8]) -> String {
    let mut whole = Vec::new();
    for at in memchr::memmem::find_iter(archive, b"PK\x03\x04") {
        let number = |offset: usize| usize::from(u16::from_le_bytes([archive[at + offset], archive[at + offset + 1]]));
        let content = &archive[at + 30 + number(26) + number(28)..];
        match number(8) {
            8 => drop(flate2::read::DeflateDecoder::new(content).read_to_end(&mut whole)),
            _ => whole.extend_from_slice(content),
        }
    }
    String::from_utf8_lossy(&whole).into_owned()
}
