//! The file in which audit records wait: whatever is in it, reading ends, and gives no more than the file holds. Input: what comes
//! after the file's first line.

#![no_main]

use fastgate::audit_log::spill::Leftover;
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder").keep();
    folder.join("fuzz.spill")
});

fuzz_target!(|bytes: &[u8]| {
    let whole = [b"fastgate audit spill 1\n", bytes].concat();
    std::fs::write(&*FILE, &whole).expect("a file");
    let mut leftover = Leftover::find(&FILE).expect("a readable file").expect("a file");
    let mut batches = 0;
    while leftover.next(3).expect("a readable file").is_some() {
        batches += 1;
        assert!(batches <= bytes.len());
    }
    leftover.remove().expect("a file to remove");
});
