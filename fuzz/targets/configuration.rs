//! Configuration files: any text is a configuration whose every value is allowed, or is refused with what is wrong. Input: the
//! file.

#![no_main]

use fastgate::config::Sources;
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder").keep();
    folder.join("config.yaml")
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a file");
    let sources = Sources {
        file: Some(FILE.clone()),
        variables: Vec::new(),
        flags: Vec::new(),
    };
    match sources.load() {
        Ok(loaded) => {
            assert!(loaded.config.audit.queue_bytes >= 1 << 20 && loaded.config.server.max_connections > 0);
            assert!(!loaded.entries().is_empty());
        }
        Err(problems) => assert!(!problems.0.is_empty() && !problems.to_string().is_empty()),
    }
});
