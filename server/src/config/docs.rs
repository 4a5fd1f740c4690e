//! Writes `docs/configuration.md` and `config/config.yaml` from the table of keys, and fails where they are stale.
//! `UPDATE_DOCS=1` (make docs) rewrites them.

use super::Config;
use super::keys::{KEYS, Key};
use super::layers::Sources;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

const INTRODUCTION: &str = "# Configuration

<!-- Written by `make docs` from server/src/config/keys.rs; a test fails when it is stale. -->

Each value comes from the first of these that names it: a flag, the environment, the file, the default.

- **Flags**: `fastgate --port 9000`, and for any key `--set section.name=value`. `fastgate --help` lists them.
- **Environment**: `FASTGATE_` and the key's path joined by `__`, for example `FASTGATE_SERVER__PORT=9000`. Lists are
  separated by commas. An empty value means null where null is allowed.
- **File**: YAML, `--config FILE`, else `config/config.yaml` if it exists.

An unknown key or a value that is not allowed stops the start with exit code 2; everything that is wrong is listed at
once. `fastgate check-config` prints the effective configuration with the origin of each value, and no secret.

SIGHUP reads the file again. An invalid file changes nothing and is logged. Keys marked *live* then take effect at once;
a change of any other is logged and waits for a restart.
";

#[test]
fn the_documentation_is_what_the_table_says() {
    check("docs/configuration.md", &documentation());
}

#[test]
fn the_example_file_shows_every_key() {
    check("config/config.yaml", &example());
}

#[test]
fn the_example_file_is_valid_and_changes_nothing() {
    for text in [example(), example().replace("  # ", "  ").replace("  ## ", "  # ")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, text).unwrap();
        let sources = Sources {
            file: Some(file),
            ..Sources::default()
        };
        let loaded = sources.load().unwrap();
        assert_eq!(serde_json::to_value(&loaded.config).unwrap(), defaults());
    }
}

fn check(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if super::layers::variable_is_set("UPDATE_DOCS") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is stale: run `make docs`", path.display());
}

fn documentation() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (section, keys) in sections() {
        let _ = write!(
            text,
            "\n## {section}\n\n| key | default | allowed | what it does |\n|---|---|---|---|\n"
        );
        for key in keys {
            let live = if key.live { " *live*" } else { "" };
            let null = key.null.map(|meaning| format!(" Null: {meaning}.")).unwrap_or_default();
            let allowed = key.allowed().replace('|', "\\|");
            let _ = writeln!(
                text,
                "| `{}` | `{}` | {allowed} | {}{null}{live} |",
                key.path,
                default(key),
                key.about
            );
        }
    }
    text
}

fn example() -> String {
    let mut text = String::from(
        "# M-FastGate's settings. Every key is here with its default; take the `#` away from those that you change.\n\
         # Written by `make docs` from server/src/config/keys.rs. All about them: docs/configuration.md.\n",
    );
    for (section, keys) in sections() {
        let _ = write!(text, "\n{section}:\n");
        let mut group = None;
        for key in keys {
            let (indent, own_group) = match key.path.split('.').collect::<Vec<_>>()[..] {
                [_, own_group, _] => ("    ", Some(own_group)),
                _ => ("  ", None),
            };
            if let Some(own_group) = own_group.filter(|_| group != own_group) {
                let _ = writeln!(text, "  # {own_group}:");
            }
            group = own_group;
            let null = key.null.map(|meaning| format!(" Null: {meaning}.")).unwrap_or_default();
            let name = key.path.rsplit('.').next().unwrap();
            let _ = writeln!(
                text,
                "{indent}## {}{null} Allowed: {}.\n{indent}# {name}: {}",
                key.about,
                key.allowed(),
                default(key)
            );
        }
    }
    text
}

fn sections() -> Vec<(&'static str, Vec<&'static Key>)> {
    let mut sections: Vec<(&str, Vec<&Key>)> = Vec::new();
    for key in KEYS {
        let section = key.path.split('.').next().unwrap();
        match sections.last_mut() {
            Some((name, keys)) if *name == section => keys.push(key),
            _ => sections.push((section, vec![key])),
        }
    }
    sections
}

fn defaults() -> Value {
    serde_json::to_value(Config::default()).unwrap()
}

fn default(key: &Key) -> String {
    defaults()
        .pointer(&format!("/{}", key.path.replace('.', "/")))
        .unwrap()
        .to_string()
}
